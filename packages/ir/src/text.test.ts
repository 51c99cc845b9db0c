import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equalGraphs } from "./compare.ts";
import { DiagnosticError } from "./diagnostic.ts";
import { allocate, bitsOf, type DType, dtypes } from "./dtype.ts";
import { Graph } from "./graph.ts";
import type { Attribute, Operator } from "./operator.ts";
import { parseGraph } from "./parse.ts";
import { printGraph } from "./print.ts";
import { fromNumbers, tensorOf, viewBytes } from "./tensor.ts";

/** Takes anything and gives its first input's type. */
const anything: Operator = {
  name: "anything",
  inputs: [{ name: "values", arity: "many" }],
  attributes: {},
  quantization: { kind: "free" },
  infer: ([x]) => [x!.type],
  check: () => [],
  cost: () => ({ macs: 0 }),
  transposed: () => undefined,
  samples: [],
};
const operators = new Map([["anything", anything]]);

function sampleGraph(): Graph {
  const graph = new Graph("a model");
  const x = graph.addInput("x", { dtype: "f32", shape: ["N", 3, "floor((2*N + 1)/2)"] });
  const weights = graph.addConstant("w", fromNumbers("i8", [2, 2], [1, -2, 3, 127]), {
    scale: [0.5, 0.25],
    zeroPoint: [0, 0],
    axis: 0,
  });
  const rows = graph.addConstant("rows", fromNumbers("i4", [2, 2], [1, -2, 3, 7]), {
    scale: [0.5, 0.25],
    zeroPoint: [0, 0],
    axis: 1,
    block: 2,
  });
  const table = graph.addConstant("table", fromNumbers("f32", [17], new Array(17).fill(0.1)));
  const first = graph.addNode({
    op: anything,
    inputs: [x, undefined, weights, rows],
    attributes: { padding: [0, 1], maximum: Number.POSITIVE_INFINITY, layout: "last", keep: true, label: "two words" },
    outputNames: ["input", "split:1"],
    outputTypes: [
      { dtype: "i8", shape: [1], quantization: { scale: [0.5], zeroPoint: [-3] } },
      { dtype: "bool", shape: [] },
    ],
    name: "conv 1",
    origin: ["conv_1", "relu/1"],
  });
  graph.addNode({ op: anything, inputs: [first.outputs[1], table], attributes: {}, outputNames: ["last"] });
  const bias = graph.addConstant("bias", fromNumbers("f32", [3], [0.1, -0, 1e-7]));
  graph.setOutputs([first.outputs[0], x, bias], ["probabilities", "x", "from"]);
  return graph;
}

const sampleText = `graph "a model"
input x: f32[N,3,floor((2*N + 1)/2)]
constant w: i8[2,2]<scale=[0.5,0.25], zeroPoint=[0,0], axis=0> = [1, -2, 3, 127]
constant rows: i4[2,2]<scale=[0.5,0.25], zeroPoint=[0,0], axis=1, block=2> = [1, -2, 3, 7]
"input": i8[1]<scale=[0.5], zeroPoint=[-3]>, "split:1": bool[] = anything(x, -, w, rows) {padding=[0,1], maximum=Infinity, layout=last, keep=true, label="two words"} named "conv 1" from [conv_1, relu/1]
constant table: f32[17] = elided
last: bool[] = anything("split:1", table)
constant bias: f32[3] = [0.1, -0, 1e-7]
output "input" as probabilities
output x
output bias as "from"
`;

describe("printGraph", () => {
  test("writes one statement a line", () => {
    expect(printGraph(sampleGraph(), { constants: "elided" })).toBe(sampleText);
  });

  test("writes long constants as base64 in full", () => {
    const lines = printGraph(sampleGraph(), { constants: "full" }).split("\n");
    expect(lines[5]).toBe(`constant table: f32[17] = base64 ${"zczMPc3MzD3NzMw9".repeat(5)}zczMPc3MzD0=`);
  });
});

describe("parseGraph", () => {
  test("reads back what was printed", () => {
    const graph = sampleGraph();
    const text = printGraph(graph, { constants: "full" });
    const parsed = parseGraph(text, operators);
    expect(equalGraphs(graph, parsed)).toBeUndefined();
    expect(printGraph(parsed, { constants: "full" })).toBe(text);
  });

  test("reads back any names, attributes and constants", () => {
    const names = fc.uniqueArray(
      fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("input", "from", "-", "0")),
      {
        minLength: 8,
        maxLength: 8,
      },
    );
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, Number.NEGATIVE_INFINITY, 1e21));
    const item = fc.oneof(number, fc.string(), fc.constantFrom("N", "2*N + 1", "NaN", "Infinity", "true"));
    const attribute: fc.Arbitrary<Attribute> = fc.oneof(number, fc.boolean(), item, fc.array(item));
    const attributes = fc.dictionary(fc.string(), attribute);
    const constant = fc.tuple(fc.constantFrom(...dtypes), fc.uint8Array({ maxLength: 200 })).map(([dtype, bytes]) => {
      const size = allocate(dtype, 0).BYTES_PER_ELEMENT;
      const count = Math.floor(bytes.length / size);
      return viewBytes(dtype, [count], narrow(dtype, bytes.slice(0, count * size)));
    });
    fc.assert(
      fc.property(names, attributes, constant, (names, attributes, tensor) => {
        const graph = new Graph(names[0]);
        const x = graph.addInput(names[1], { dtype: "f32", shape: [] });
        const c = graph.addConstant(names[2], tensor);
        const name = names[3];
        const origin = names.slice(4, 6);
        const node = graph.addNode({
          op: anything,
          inputs: [x, undefined, c],
          attributes,
          name,
          origin,
          outputNames: [names[6]],
        });
        graph.setOutputs([c, node.outputs[0]], [names[7], names[6]]);
        const text = printGraph(graph, { constants: "full" });
        const parsed = parseGraph(text, operators);
        expect(equalGraphs(graph, parsed)).toBeUndefined();
        expect(printGraph(parsed, { constants: "full" })).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  const head = "graph g\ninput x: f32[2]\n";
  test.each([
    ["", "text.syntax", "Line 1, column 1: a graph begins with"],
    ["graphic g", "text.syntax", "Line 1, column 1: a graph begins with"],
    ["graph", "text.syntax", "Line 1, column 6: here should be a name"],
    [`${head}input x: f32[]`, "text.duplicate-name", "Line 3, column 7: there is a value called x already"],
    [`${head}y: f32[2], y: f32[2] = anything(x)`, "text.duplicate-name", "Line 3, column 12"],
    [`${head}y: f32[2] = conv9(x)`, "text.unknown-operator", "Line 3, column 13: there is no operator conv9"],
    [`${head}y: f32[2] = anything(z)`, "text.unknown-value", "Line 3, column 22: there is no value z yet"],
    [`${head}y: f32[2] = anything(x`, "text.syntax", 'Line 3, column 23: here should be ")"'],
    [`${head}y: f33[2] = anything(x)`, "text.syntax", "Line 3, column 4: f33 is no element type"],
    [`${head}y: f32[-2] = anything(x)`, "text.syntax", "Line 3, column 8: here should be a size"],
    [`${head}y: f32[1.5] = anything(x)`, "text.syntax", "Line 3, column 8: here should be a size"],
    [`${head}y: f32[N+1] = anything(x)`, "text.syntax", "Line 3, column 8: here should be a number or a size"],
    [`${head}y: f32["a b"] = anything(x)`, "text.syntax", "Line 3, column 8: here should be a size"],
    [`${head}y: f32[2] = anything(x) {a=1, a=2}`, "text.duplicate-name", "Line 3, column 31"],
    [`${head}y: f32[2] = anything(x) {a=?}`, "text.syntax", "Line 3, column 28: here should be a value"],
    [`${head}y: f32[2] = anything(x) {a="b}`, "text.syntax", "Line 3, column 28: this string does not end"],
    [`${head}y: i8[2]<scale=[1]> = anything(x)`, "text.syntax", 'Line 3, column 19: here should be ","'],
    [`${head}constant c: f32[3] = [1, 2]`, "text.syntax", "Line 3, column 22: [3] has 3 elements, but 2 are given"],
    [`${head}constant c: i8[1] = [128]`, "text.syntax", "Line 3, column 22: 128 does not fit i8"],
    [`${head}constant c: u64[1] = [-1]`, "text.syntax", "Line 3, column 23: here should be a number that fits u64"],
    [`${head}constant c: f32[N] = [1]`, "text.syntax", "a constant can't have the shape [N]"],
    [`${head}constant c: f32[1] = base64 AAAA`, "text.syntax", "[1] has 1 elements, but 0.75 are given"],
    [`${head}constant c: f32[1] = base64 A!==`, "text.syntax", "Line 3, column 29: this is no base64"],
    [`${head}constant c: f32[9007199254740991] = elided`, "text.elided", "the data of this constant was left out"],
    [`${head}output x as`, "text.syntax", "Line 3, column 12: here should be a name"],
  ])("refuses %j", (text, code, message) => {
    const error = caught(() => parseGraph(text, operators));
    expect(error.diagnostics).toHaveLength(1);
    expect(error.diagnostics[0]).toMatchObject({ code, severity: "error" });
    expect(error.message).toContain(message);
  });

  test("ends every damaged text with a diagnostic", () => {
    const text = printGraph(sampleGraph(), { constants: "full" });
    const damage = fc.tuple(
      fc.nat(text.length),
      fc.nat(12),
      fc.oneof(fc.string(), fc.constantFrom("[", '"', "<", ",", "=", "floor(")),
    );
    fc.assert(
      fc.property(damage, ([at, length, inserted]) => {
        const damaged = text.slice(0, at) + inserted + text.slice(at + length);
        try {
          parseGraph(damaged, operators);
        } catch (error) {
          expect(error).toBeInstanceOf(DiagnosticError);
        }
      }),
      { numRuns: 3000 },
    );
    for (let end = 0; end < text.length - sampleText.length / 8; end++) {
      try {
        parseGraph(text.slice(0, end), operators);
      } catch (error) {
        expect(error).toBeInstanceOf(DiagnosticError);
      }
    }
  });

  test("takes time in proportion to the text", () => {
    const long = `${head}${Array.from({ length: 20_000 }, (_, at) => `v${at}: f32[2] = anything(${at ? `v${at - 1}` : "x"})`).join("\n")}`;
    expect(parseGraph(long, operators).size).toBe(20_000);
    for (const piece of ["(", "floor(", "[", '"', "\\", " ", "N*", "a"]) {
      expect(() => parseGraph(`${head}y: f32[${piece.repeat(500_000)}`, operators)).toThrow(DiagnosticError);
    }
  });
});

describe("equalGraphs", () => {
  test.each([
    ["two words", "three words", "label of conv 1 is two words here and three words there"],
    ["[1, -2, 3, 127]", "[1, -2, 4, 127]", "element 2 of w is 3 here and 4 there"],
    ["zeroPoint=[-3]", "zeroPoint=[-4]", "input is i8[1]<scale=[0.5], zeroPoint=[-3]> here"],
    ["x, -, w", "x, x, w", "input of conv 1 1 is undefined here and x there"],
    ["output x\n", "", "the number of values that are output is 3 here and 2 there"],
    ["as probabilities", "", "the names of the outputs are"],
    ["from [conv_1, relu/1]", "", "the origin of conv 1 is"],
    ["-0,", "0,", "element 1 of bias is -0 here and 0 there"],
    ["N,3", "N,4", "x is f32[N,3"],
    ['graph "a model"', "graph model", "the graph is called a model here and model there"],
  ])("finds %j become %j", (from, to, message) => {
    const text = printGraph(sampleGraph(), { constants: "full" });
    expect(text).toContain(from);
    expect(equalGraphs(sampleGraph(), parseGraph(text.replace(from, to), operators))).toContain(message);
  });

  test("tells data of equal numbers from equal data", () => {
    const one = (bits: number[]) => {
      const graph = new Graph("g");
      graph.setOutputs([graph.addConstant("c", tensorOf("f16", [1], Uint16Array.from(bits)))]);
      return graph;
    };
    expect(equalGraphs(one([0x7e00]), one([0x7e00]))).toBeUndefined();
    expect(equalGraphs(one([0x7e00]), one([0x7e01]))).toBe("element 0 of c is 32256 here and 32257 there");
  });
});

/** Bytes made valid for types whose elements do not fill their storage. */
function narrow(dtype: DType, bytes: Uint8Array): Uint8Array {
  if (dtype === "bool") return bytes.map((byte) => byte & 1);
  const unused = 32 - bitsOf(dtype);
  if (unused <= 24) return bytes;
  return bytes.map((byte) => (dtype.startsWith("u") ? (byte << unused) >>> unused : (byte << unused) >> unused));
}

function caught(run: () => unknown): DiagnosticError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(DiagnosticError);
    return error as DiagnosticError;
  }
  throw new Error("nothing was thrown");
}
