import {
  encodeAttribute,
  encodeTensor,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  writeOnnx,
} from "@millrace/formats/onnx";
import type { Diagnostic } from "@millrace/ir";
import { convert, diagnosticsOf } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";

/** A node from `name: Type in1 in2 -> out1`, with graphs as attributes. */
function node(line: string, bodies: Readonly<Record<string, OnnxGraph>> = {}, domain = ""): OnnxNode {
  const [name, rest] = line.split(": ");
  const [left, right] = rest.split(" -> ");
  const [opType, ...inputs] = left.split(" ");
  const attributes = Object.entries(bodies).map(([key, value]) => encodeAttribute(key, { kind: "GRAPH", value }));
  return { name, opType, domain, inputs, outputs: right.split(" "), attributes };
}

const float = (name: string, ...sizes: number[]) => ({
  name,
  type: { tensor: { elementType: 1, shape: { dims: sizes.map((value) => ({ value })) } } },
});

function graph(nodes: readonly OnnxNode[], more: Partial<OnnxGraph> = {}): OnnxGraph {
  const lists = { initializers: [], sparseInitializers: [], valueInfos: [] };
  return { name: "hostile", nodes, inputs: [float("x", 2, 3)], outputs: [{ name: "y" }], ...lists, ...more };
}

function model(content: OnnxGraph, more: Partial<OnnxModel> = {}): Uint8Array {
  return writeOnnx({
    irVersion: 8,
    opsetImports: [
      { domain: "", version: 17 },
      { domain: "own", version: 1 },
    ],
    functions: [],
    graph: content,
    ...more,
  });
}

/** A constant whose dims and data are as given, whether they fit or not. */
function stored(dims: readonly number[], count: number): OnnxTensor {
  return { name: "c", dataType: 1, dims, rawData: new Uint8Array(4 * count) };
}

const flag = encodeTensor("flag", { dataType: "BOOL", dims: [], data: Uint8Array.of(1) });
const adding = (constant: OnnxTensor) => model(graph([node("sum: Add x c -> y")], { initializers: [constant] }));
const body = (nodes: readonly OnnxNode[], output: string) => graph(nodes, { inputs: [], outputs: [{ name: output }] });

function ownFunction(name: string, ...nodes: OnnxNode[]): OnnxFunction {
  return {
    name,
    domain: "own",
    inputs: ["a"],
    outputs: ["b"],
    attributes: [],
    attributeProtos: [],
    nodes,
    opsetImports: [
      { domain: "", version: 17 },
      { domain: "own", version: 1 },
    ],
  };
}

/** A body in a body, and so on. */
function nested(depth: number): OnnxGraph {
  let inner = body([node("deepest: Abs x -> b0")], "b0");
  for (let level = 1; level < depth; level++)
    inner = body(
      [node(`level${level}: If flag -> b${level}`, { then_branch: inner, else_branch: inner })],
      `b${level}`,
    );
  return inner;
}

const many = 500_000;

const real = encodeTensor("half", { dataType: "FLOAT", dims: [], data: Float32Array.of(0.5) });

interface Hostile {
  readonly name: string;
  readonly code: string;
  /** Node, value or words that the diagnostic has to name. */
  readonly names: RegExp;
  readonly bytes: () => Uint8Array;
}

const hostile: readonly Hostile[] = [
  {
    name: "nodes in a circle",
    code: "onnx.cycle",
    names: /first|second/,
    bytes: () => model(graph([node("first: Add x b -> a"), node("second: Abs a -> b"), node("last: Abs b -> y")])),
  },
  {
    name: "a value that nothing makes",
    code: "onnx.missing-input",
    names: /sum.*weights/,
    bytes: () => model(graph([node("sum: Add x weights -> y")])),
  },
  { name: "a size below zero", code: "onnx.tensor-size", names: /c/, bytes: () => adding(stored([-1, 3], 3)) },
  {
    name: "sizes beyond all numbers",
    code: "onnx.tensor-size",
    names: /c/,
    bytes: () => adding(stored([2 ** 40, 2 ** 40], 3)),
  },
  { name: "data shorter than its shape", code: "onnx.tensor-size", names: /c/, bytes: () => adding(stored([2, 3], 5)) },
  { name: "data longer than its shape", code: "onnx.tensor-size", names: /c/, bytes: () => adding(stored([2, 3], 7)) },
  {
    name: "two values of one name",
    code: "onnx.duplicate-name",
    names: /y/,
    bytes: () => model(graph([node("first: Abs x -> y"), node("second: Neg x -> y")])),
  },
  {
    name: "a function that calls itself",
    code: "onnx.recursive-function",
    names: /Loop/,
    bytes: () =>
      model(graph([node("call: Loop x -> y", {}, "own")]), {
        functions: [ownFunction("Loop", node("again: Loop a -> b", {}, "own"))],
      }),
  },
  {
    name: "functions that call each other",
    code: "onnx.recursive-function",
    names: /Ping|Pong/,
    bytes: () =>
      model(graph([node("call: Ping x -> y", {}, "own")]), {
        functions: [
          ownFunction("Ping", node("there: Pong a -> b", {}, "own")),
          ownFunction("Pong", node("back: Ping a -> b", {}, "own")),
        ],
      }),
  },
  {
    name: "a branch that reads what its own node makes",
    code: "onnx.cycle",
    names: /choice/,
    bytes: () => {
      const branch = body([node("inside: Abs y -> t")], "t");
      const choice = node("choice: If flag -> y", { then_branch: branch, else_branch: branch });
      return model(graph([choice], { initializers: [flag] }));
    },
  },
  {
    name: "a branch that reads what is made of its own node's result",
    code: "onnx.cycle",
    names: /choice|after/,
    bytes: () => {
      const branch = body([node("inside: Abs z -> t")], "t");
      const choice = node("choice: If flag -> y", { then_branch: branch, else_branch: branch });
      return model(graph([choice, node("after: Neg y -> z")], { initializers: [flag] }));
    },
  },
  {
    name: "a zero point between two integers",
    code: "onnx.shape",
    names: /restored/,
    bytes: () =>
      model(
        graph([node("restored: DequantizeLinear i half half -> y")], {
          initializers: [real, encodeTensor("i", { dataType: "INT8", dims: [2], data: Int8Array.of(1, 2) })],
        }),
      ),
  },
  {
    name: "recurrent weights without their axes",
    code: "onnx.shape",
    names: /layer/,
    bytes: () =>
      model(graph([node("layer: GRU x half half -> y")], { initializers: [real], inputs: [float("x", 2, 1, 3)] })),
  },
  {
    name: "bodies in bodies without end",
    code: "onnx.too-deep",
    names: /nests/,
    bytes: () => {
      const message = (field: number, content: Uint8Array) => {
        const length: number[] = [];
        for (let rest = content.length; rest > 0 || length.length === 0; rest = Math.floor(rest / 128))
          length.push((rest % 128) + (rest >= 128 ? 128 : 0));
        return Uint8Array.from([field * 8 + 2, ...length, ...content]);
      };
      let inner: Uint8Array = new Uint8Array();
      for (let level = 0; level < 1000; level++) inner = message(1, message(5, message(6, inner)));
      return Uint8Array.from([8, 8, ...message(7, inner)]);
    },
  },
  {
    name: "groups, which the format has not had since long, in groups",
    code: "onnx.malformed",
    names: /./,
    bytes: () => {
      const groups = Uint8Array.from({ length: 100_000 }, (_, at) => (at % 2 === 0 ? 0xa3 : 0x06));
      return Uint8Array.from([...model(graph([node("only: Abs x -> y")])), ...groups]);
    },
  },
  {
    name: "half a million empty nodes",
    code: "onnx.unknown-operator",
    names: /./,
    bytes: () => {
      const nodes = new Uint8Array(2 * many);
      for (let at = 0; at < nodes.length; at += 2) nodes[at] = 10;
      const length = [(nodes.length % 128) | 128, ((nodes.length >> 7) % 128) | 128, nodes.length >> 14];
      return Uint8Array.from([8, 8, 58, ...length, ...nodes, 66, 2, 16, 17]);
    },
  },
];

const mostMilliseconds = 5000;

function refusalOf(bytes: Uint8Array): readonly Diagnostic[] {
  try {
    convert({ name: "hostile.onnx", bytes }, { to: "tflite" });
    return [];
  } catch (error) {
    const diagnostics = diagnosticsOf(error);
    if (diagnostics === undefined) throw error;
    return diagnostics;
  }
}

describe("an ONNX file with", () => {
  it.each(hostile)("$name is refused as $code, and the diagnostic says where", ({ bytes, code, names }) => {
    const file = bytes();
    const before = process.cpuUsage();
    const [first] = refusalOf(file);

    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(mostMilliseconds);
    expect(first?.code).toMatch(new RegExp(`^${code}`));
    expect(`${JSON.stringify(first.at)} ${first.message}`).toMatch(names);
    expect(first.hint).toMatch(/\S/);
  });

  it("bodies as deep as models have them is read", () => {
    const inner = nested(8);
    const outer = node("outer: If flag -> y", { then_branch: inner, else_branch: inner });
    expect(refusalOf(model(graph([outer], { initializers: [flag] })))).toEqual([]);
  });
});
