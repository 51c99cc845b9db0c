import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type SchemaType, schemaOf } from "../aten/index.ts";
import {
  type FormatWarning,
  type PteMethod,
  type PteProgram,
  readPtd,
  readPte,
  writePtd,
  writePte,
  writePteParts,
} from "./index.ts";

const assets = new URL("../../../../../shared/assets/", import.meta.url);
const programs = [
  "torch_executorch/pte/executorch_arduino_add.pte",
  "torch_executorch/pte/executorch_ios_add.pte",
  "torch_executorch/pte/executorch_rs_add.pte",
  "torch_executorch/pte/executorch_rs_data_map_model.pte",
  "torch_executorch/pte/simple_torch_model.pte",
  "mlperf_tiny_models/executorch_kws/model.pte",
];

function read(name: string): { bytes: Uint8Array; program: PteProgram } {
  const bytes = new Uint8Array(readFileSync(new URL(name, assets)));
  const warnings: FormatWarning[] = [];
  const program = readPte(bytes, { warn: (warning) => warnings.push(warning) });
  expect(warnings).toEqual([]);
  return { bytes, program };
}

const scalarKinds: Readonly<Record<string, readonly string[]>> = {
  Tensor: ["Tensor"],
  Scalar: ["Int", "Double", "Bool"],
  float: ["Double"],
  bool: ["Bool"],
};

/** The kinds of values that may stand for an argument: numbers are Int where the signature has nothing else. */
function kindsOf({ base, list, optional }: SchemaType): readonly string[] {
  const kinds = scalarKinds[base] ?? ["Int"];
  return [...(list === undefined ? kinds : kinds.map((kind) => `${kind}List`)), ...(optional ? ["Null"] : [])];
}

const kernelCalls = ({ chains, operators }: PteMethod): string[] =>
  chains.flatMap(({ instructions }) =>
    instructions.flatMap((step) => {
      if (step.kind !== "KernelCall") return [];
      const { name, overload } = operators[step.opIndex]!;
      return [`${name}.${overload}(${step.args})`];
    }),
  );

describe.skipIf(!existsSync(assets))("files of ExecuTorch, skipped without ../shared", () => {
  it.each(programs)("reads %s, writes it and reads it back", (name) => {
    const { program } = read(name);
    for (const delegates of ["segments", "inline"] as const) {
      const written = writePte(program, { delegates });
      expect(readPte(written)).toEqual(program);
      expect(writePte(readPte(written), { delegates })).toEqual(written);
    }
  });

  it.each(programs)("leaves the data of %s where they are, aligned", (name) => {
    const { bytes, program } = read(name);
    const written = writePte(program);
    const again = readPte(written);
    for (const { constants, methods } of [program, again]) {
      const file = constants === program.constants ? bytes : written;
      for (const data of [...constants.filter(({ length }) => length > 0)]) {
        expect(data.buffer).toBe(file.buffer);
        expect(data.byteOffset % 16).toBe(0);
      }
      for (const { delegates } of methods) {
        for (const { processed } of delegates) expect(processed.byteOffset % 16).toBe(0);
      }
    }
    expect(Math.abs(written.length - bytes.length)).toBeLessThan(bytes.length / 4);
    const parts = writePteParts(program);
    for (const { processed } of program.methods.flatMap((method) => method.delegates)) {
      expect(parts).toContain(processed);
    }
  });

  it.each(programs)("finds in the calls of %s what the kernels' signatures ask for", (name) => {
    for (const { chains, operators, values } of read(name).program.methods) {
      for (const step of chains.flatMap(({ instructions }) => instructions)) {
        if (step.kind !== "KernelCall") continue;
        const { name: operator, overload } = operators[step.opIndex]!;
        const schema = schemaOf(operator!, overload)!;
        const results = schema.arguments.slice(schema.arguments.length - schema.returns.length);
        const wanted = [...schema.arguments, ...results].map(({ type }) => kindsOf(type));
        const found = step.args.map((index) => values[index]!.kind);
        expect(found.length, operator).toBe(wanted.length);
        found.forEach((kind, i) => {
          expect(wanted[i], `${operator} ${i}`).toContain(kind);
        });
      }
    }
  });

  it("finds an addition's call, constant and memory", () => {
    const { program } = read(programs[0]!);
    const [method] = program.methods;
    expect(method!.name).toBe("forward");
    expect(kernelCalls(method!)).toEqual(["aten::add.out(1,0,3,2,2)"]);
    expect(program.constants.map(({ length }) => length)).toEqual([0, 4]);
    expect(method!.values[3]).toEqual({ kind: "Int", intVal: 1n });
    expect(method!.values[2]).toMatchObject({
      kind: "Tensor",
      scalarType: "FLOAT",
      sizes: [3],
      dimOrder: [0],
      allocationInfo: { memoryId: 1, memoryOffsetLow: 0 },
    });
    expect(method!.nonConstBufferSizes).toEqual([0n, 32n]);
  });

  it("finds delegates and what they look up by name in segments", () => {
    const { program } = read(programs[4]!);
    const { delegates, chains } = program.methods[0]!;
    expect(delegates.map(({ id, processed }) => [id, processed.length])).toEqual([
      ["XnnpackBackend", 1760],
      ["XnnpackBackend", 720],
    ]);
    expect(chains[0]!.instructions).toEqual([
      { kind: "DelegateCall", delegateIndex: 0, args: [0, 1] },
      { kind: "DelegateCall", delegateIndex: 1, args: [2, 3] },
    ]);
    expect(program.namedData.map(({ data }) => data.length).sort((a, b) => a - b)).toEqual([
      32, 40, 64, 288, 640, 4608,
    ]);
  });

  it("cuts the constants of an integer network to its tensors", () => {
    const { program } = read(programs[5]!);
    const { values, operators } = program.methods[0]!;
    const weights = values.flatMap((value) => (value.kind === "Tensor" && value.scalarType === "CHAR" ? [value] : []));
    const first = weights.find(({ dataBufferIdx }) => dataBufferIdx > 0)!;
    expect(program.constants[first.dataBufferIdx]!.length).toBe(
      first.sizes.reduce((product, size) => product * size, 1),
    );
    expect(operators.map(({ name }) => name)).toContain("cortex_m::quantized_conv2d");
  });

  it("reads named tensors beside a program that wants them, and writes them", () => {
    const bytes = new Uint8Array(readFileSync(new URL("torch_executorch/pte/executorch_rs_data_map.ptd", assets)));
    const file = readPtd(bytes);
    expect(file.entries.map(({ key, layout }) => [key, layout])).toEqual([
      ["a", { scalarType: "FLOAT", sizes: [2, 2], dimOrder: [0, 1] }],
      ["b", { scalarType: "FLOAT", sizes: [2, 2], dimOrder: [0, 1] }],
    ]);
    for (const { data } of file.entries) expect([data.buffer, data.length]).toEqual([bytes.buffer, 16]);
    expect(readPtd(writePtd(file))).toEqual(file);
    const wanted = read("torch_executorch/pte/executorch_rs_data_map_model.pte").program.methods[0]!.values.flatMap(
      (value) =>
        value.kind === "Tensor" && value.extraTensorInfo?.location === "EXTERNAL"
          ? [value.extraTensorInfo.fullyQualifiedName]
          : [],
    );
    expect(wanted).toEqual(["a", "b"]);
  });
});
