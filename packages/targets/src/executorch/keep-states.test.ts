import { type PteTensor, readPte } from "@millrace/formats/pte";
import { bytesOf, cloneGraph } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { exportPte } from "./export-pte.ts";
import { exchange, integerSum } from "./stateful.testing.ts";

const placeOf = ({ allocationInfo }: PteTensor) => allocationInfo?.memoryOffsetLow;

describe("states in ExecuTorch programs", () => {
  const { bytes } = exportPte(exchange);
  const program = readPte(bytes);
  const [{ values, inputs, outputs, chains }] = program.methods;
  const tensors = values.filter((value) => value.kind === "Tensor");
  const buffers = tensors
    .filter(({ dataBufferIdx, allocationInfo }) => dataBufferIdx > 0 && allocationInfo)
    .sort((first, second) => first.dataBufferIdx - second.dataBufferIdx);

  it("are no inputs or outputs, but buffers with first contents", () => {
    expect([inputs.length, outputs.length, buffers.length]).toEqual([1, 1, 2]);
    const stored = buffers.map(({ dataBufferIdx }) => program.mutableData[0][dataBufferIdx]);
    expect(stored).toEqual(exchange.states.map(({ initial }) => new Uint8Array(bytesOf(initial!))));
  });

  it("share their memory with no other tensor that is written", () => {
    const written = new Set(
      chains[0].instructions.flatMap((step) => (step.kind === "KernelCall" ? step.args.slice(-1) : [])),
    );
    const others = [...written, ...inputs].map((index) => values[index] as PteTensor);
    for (const buffer of buffers) {
      const start = placeOf(buffer)!;
      const within = others.filter((other) => placeOf(other)! < start + 48 && placeOf(other)! + 48 > start);
      expect(within).toEqual([buffer]);
    }
  });

  it("are written behind everything that reads them", () => {
    const last = chains[0].instructions.slice(-2).map((step) => (step.kind === "KernelCall" ? step.args.at(-1)! : -1));
    expect(last.map((index) => values[index])).toEqual(buffers);
  });

  it("of integers start at what stands for zero, and are none of the numbered inputs and outputs", () => {
    const { mutableData, methods } = readPte(exportPte(integerSum).bytes);
    expect(mutableData[0][1]).toEqual(Uint8Array.of(3, 3, 3, 3));
    const names = methods.map(({ name }) => name);
    expect(names).toContain("forward_output0_scale");
    expect(names.filter((name) => /put1/.test(`${name}`))).toEqual([]);
  });

  it("are refused where their sizes are open", () => {
    const { graph } = cloneGraph(integerSum);
    for (const value of [...graph.inputs, ...graph.outputs]) graph.setType(value, { ...value.type, shape: ["N", 4] });
    const bounds = new Map([["N", { minimum: 1, maximum: 4 }]]);
    expect(() => exportPte(graph, { bounds })).toThrow(/the state total has the open sizes \[N,4\]/);
  });
});
