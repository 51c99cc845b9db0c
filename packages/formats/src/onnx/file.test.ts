import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { looksLikeOnnx, readOnnx, writeOnnx, writeTensorProto } from "./file.ts";
import type { Codec, MessageType } from "./message.ts";
import type { OnnxModel } from "./model.ts";
import * as packed from "./packed.ts";
import * as scalar from "./scalar.ts";
import { modelMessage } from "./schema.ts";
import { codeOf, concat, field, varint } from "./test-support.ts";

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const scalars = new Map<unknown, fc.Arbitrary<unknown>>([
  [scalar.text, fc.oneof(fc.string({ maxLength: 5 }), fc.string({ unit: "binary", maxLength: 5 }))],
  [scalar.bytes, fc.uint8Array({ maxLength: 9 })],
  [scalar.float, fc.float()],
  [scalar.integer, fc.maxSafeInteger()],
  [scalar.anyInteger, fc.bigInt(int64).map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value))],
  [packed.floats, fc.float32Array({ maxLength: 3 })],
  [packed.doubles, fc.float64Array({ maxLength: 3 })],
  [packed.int32s, fc.int32Array({ maxLength: 3 })],
  [packed.int64s, fc.bigInt64Array({ maxLength: 3 })],
  [packed.uint64s, fc.bigUint64Array({ maxLength: 3 })],
]);

/** Messages with any of their fields, made from the tables that drive the codec. */
function messages(type: MessageType<object>, depth: number): fc.Arbitrary<object> {
  const present: string[] = [];
  const properties: Record<string, fc.Arbitrary<unknown>> = {};
  for (const { property, codec, repeated, initial } of type.byProperty.values()) {
    if (codec.kind === "message" && depth === 0 && initial === undefined) continue;
    const minLength = initial === undefined ? 1 : 0;
    const maxLength = codec.kind === "message" && depth === 0 ? 0 : 2;
    const value = values(codec, depth);
    properties[property] = repeated && codec.kind !== "packed" ? fc.array(value, { minLength, maxLength }) : value;
    if (initial !== undefined) present.push(property);
  }
  return fc.record(properties, { requiredKeys: present });
}

function values(codec: Codec, depth: number): fc.Arbitrary<unknown> {
  if (codec.kind !== "message") return scalars.get(codec)!;
  return depth === 0 ? fc.constant({}) : messages(codec.type(), depth - 1);
}

const { codec: graphCodec } = modelMessage.byProperty.get("graph")!;
const models = fc
  .tuple(messages(modelMessage, 2), values(graphCodec, 3))
  .map(([model, graph]) => Object.assign(model, { graph, irVersion: 8, opsetImports: [{ domain: "", version: 17 }] }))
  .map((model) => model as object as OnnxModel);

const small: OnnxModel = {
  irVersion: 8,
  producerName: "test",
  functions: [],
  opsetImports: [{ domain: "", version: 17 }],
  graph: {
    name: "graph",
    nodes: [
      {
        name: "add",
        opType: "Add",
        domain: "",
        inputs: ["x", "w"],
        outputs: ["y"],
        attributes: [{ name: "axes", type: 7, ints: [1, -1, 2n ** 63n - 1n] }],
      },
    ],
    inputs: [{ name: "x", type: { tensor: { elementType: 1, shape: { dims: [{ param: "n" }, { value: 2 }, {}] } } } }],
    outputs: [{ name: "y", type: { sequence: { elementType: { map: { keyType: 7 } } } } }],
    initializers: [
      { name: "w", dims: [2], dataType: 1, rawData: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64) },
      { name: "v", dims: [2], dataType: 7, int64Data: BigInt64Array.of(-1n, 300n) },
    ],
    sparseInitializers: [],
    valueInfos: [],
  },
};
const smallBytes = writeOnnx(small);
/** A model of IR version 8 and opset 17 with `graph` as its encoded graph. */
const around = (graph: Uint8Array) => concat(Uint8Array.of(8, 8), field(7, graph), field(8, Uint8Array.of(0x10, 17)));

describe("models", () => {
  test("reading what was written gives the model again", () => {
    expect(readOnnx(smallBytes)).toEqual(small);
    fc.assert(
      fc.property(models, (model) => {
        expect(readOnnx(writeOnnx(model))).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });

  test("bytes are views of the file", () => {
    expect(readOnnx(smallBytes).graph.initializers[0]!.rawData!.buffer).toBe(smallBytes.buffer);
  });

  test("numbers are read packed and one by one, mixed", () => {
    const ints = [Uint8Array.of(0x40, 1), field(8, Uint8Array.of(2, 3)), Uint8Array.of(0x40, 4)];
    const floats = [field(4, new Uint8Array(4)), Uint8Array.of(0x25, 0, 0, 128, 63), field(4, new Uint8Array(8))];
    const node = field(1, field(5, ...ints));
    const model = readOnnx(around(concat(node, field(5, ...floats))));
    expect(model.graph.nodes[0]!.attributes[0]!.ints).toEqual([1, 2, 3, 4]);
    expect(model.graph.initializers[0]!.floatData).toEqual(Float32Array.of(0, 1, 0, 0));
  });

  test("negative numbers take ten bytes, as every other protobuf writer has it", () => {
    const tensor = { name: "", dims: [], dataType: 3, int32Data: Int32Array.of(-1), int64Data: BigInt64Array.of(-1n) };
    const minusOne = varint(2n ** 64n - 1n);
    const expected = concat(Uint8Array.of(16, 3), field(5, minusOne), field(7, minusOne));
    expect(writeTensorProto(tensor)).toEqual(expected);
  });

  test("unknown fields are skipped, repeated fields may be interleaved", () => {
    const unknown = concat(field(200, Uint8Array.of(1)), varint(201 * 8), varint(2n ** 64n - 1n));
    const fixed = concat(varint(202 * 8 + 1), new Uint8Array(8), varint(203 * 8 + 5), new Uint8Array(4));
    const names = [
      field(1, unknown, field(4, Uint8Array.of(65))),
      field(11),
      field(1, fixed, field(4, Uint8Array.of(66))),
    ];
    const { graph } = readOnnx(around(concat(...names)));
    expect(graph.nodes.map((node) => node.opType)).toEqual(["A", "B"]);
    expect(graph.inputs.length).toBe(1);
  });

  test("a large tensor is written into a buffer of the exact size", () => {
    const rawData = new Uint8Array(3_000_000).fill(7);
    const model = {
      ...small,
      graph: { ...small.graph, initializers: [{ name: "w", dims: [3e6], dataType: 2, rawData }] },
    };
    const written = writeOnnx(model);
    expect(written.buffer.byteLength).toBe(written.length);
    expect(isDeepStrictEqual(readOnnx(written), model)).toBe(true);
  });
});

describe("detection", () => {
  test.each([
    ["a model", smallBytes, true],
    ["a model cut short", smallBytes.subarray(0, 40), true],
    ["a graph before the version", concat(field(7), Uint8Array.of(8, 8)), true],
    ["nothing", new Uint8Array(0), false],
    ["text", new TextEncoder().encode(":model {}\n".repeat(20)), false],
    ["a tensor of three elements", Uint8Array.of(8, 3, 16, 1, 34, 0), false],
    ["a TFLite file", Uint8Array.of(28, 0, 0, 0, 84, 70, 76, 51), false],
    ["a zip", Uint8Array.of(80, 75, 3, 4), false],
  ])("%s: %s", (_, bytes, expected) => {
    expect(looksLikeOnnx(bytes)).toBe(expected);
    if (!expected) expect(codeOf(() => readOnnx(bytes))).toBe("onnx.not-onnx");
  });
});

describe("hostile files", () => {
  const nested = (depth: number) => {
    let graph: Uint8Array = new Uint8Array(0);
    for (let level = 0; level < depth; level++) graph = field(1, field(5, field(6, graph)));
    return around(graph);
  };
  const huge = varint(2n ** 64n - 1n);

  test.each([
    ["onnx.truncated", "a length of 1 GB", concat(Uint8Array.of(8, 8, 0x3a), varint(2 ** 30))],
    ["onnx.truncated", "a length of 2^64-1", concat(Uint8Array.of(8, 8, 0x3a), huge)],
    ["onnx.malformed", "a length past its message", around(Uint8Array.of(0x0a, 100))],
    ["onnx.malformed", "a group", around(Uint8Array.of(0x0b, 0x0c))],
    ["onnx.malformed", "a wire type that is none", around(Uint8Array.of(0x0f))],
    ["onnx.malformed", "field number 0", around(Uint8Array.of(0x02, 0))],
    [
      "onnx.malformed",
      "a number of 11 bytes",
      concat(smallBytes, varint(240), new Uint8Array(10).fill(255), Uint8Array.of(1)),
    ],
    ["onnx.malformed", "a number of 65 bits", concat(smallBytes, varint(240), varint(2n ** 64n))],
    ["onnx.malformed", "a name with another wire type", around(Uint8Array.of(0x10, 1))],
    ["onnx.malformed", "a name that is not UTF-8", around(field(2, Uint8Array.of(0xff)))],
    ["onnx.malformed", "a dim beyond 2^53", around(field(5, field(1, varint(2n ** 60n))))],
    ["onnx.malformed", "two graphs", concat(smallBytes, field(7))],
    ["onnx.malformed", "half a float", around(field(5, field(4, new Uint8Array(6))))],
    ["onnx.too-deep", "graphs in graphs", nested(34)],
    ["onnx.truncated", "no graph", smallBytes.subarray(0, 8)],
  ])("%s: %s", (code, _, bytes) => expect(codeOf(() => readOnnx(bytes))).toBe(code));

  test("nesting as deep as any model is fine", () => {
    expect(codeOf(() => readOnnx(nested(30)))).toBe("none");
  });

  test("millions of empty nodes are refused before they fill the memory", () => {
    const nodes = new Uint8Array(2 ** 24).map((_, at) => (at % 2 === 0 ? 0x0a : 0));
    expect(codeOf(() => readOnnx(around(nodes)))).toBe("onnx.too-large");
    expect(readOnnx(around(nodes.subarray(0, 400_000))).graph.nodes.length).toBe(200_000);
  });

  test("a model cut at any byte is refused, or read where only trailing fields are lost", () => {
    const lengths = Array.from({ length: smallBytes.length }, (_, length) => length);
    const read = lengths.filter((length) => codeOf(() => readOnnx(smallBytes.subarray(0, length))) === "none");
    expect(read).toEqual([]);
  });

  test("changed and random bytes are read or refused", () => {
    const changes = fc.array(fc.tuple(fc.nat({ max: smallBytes.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(changes, fc.uint8Array({ maxLength: 50 }), (places, random) => {
        const changed = smallBytes.slice();
        for (const [at, byte] of places) changed[at] = byte;
        codeOf(() => readOnnx(changed));
        codeOf(() => readOnnx(random));
        codeOf(() => readOnnx(around(random)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("models that can't be written", () => {
  test.each([0.5, Number.NaN, 2 ** 60, 2n ** 63n])("the number %s", (int) => {
    const attributes = [{ name: "a", type: 2, int }];
    const nodes = [{ ...small.graph.nodes[0]!, attributes }];
    expect(codeOf(() => writeOnnx({ ...small, graph: { ...small.graph, nodes } }))).toBe("onnx.not-an-integer");
  });

  test("a graph that contains itself", () => {
    const nodes = [...small.graph.nodes];
    const graph = { ...small.graph, nodes };
    nodes.push({ ...nodes[0]!, attributes: [{ name: "body", type: 5, graph }] });
    expect(codeOf(() => writeOnnx({ ...small, graph }))).toBe("onnx.too-deep");
  });
});
