import { describe, expect, test } from "vitest";
import { codeOf } from "../../onnx/test-support.ts";
import { json, linearProgram, meta } from "../archive.testing.ts";
import { JsonField } from "../json/json-field.ts";
import { parseJson } from "../json/parse-json.ts";
import { decodeArgument } from "./argument.ts";
import { decodeProgram } from "./decode-program.ts";
import type { ExportedProgram } from "./exported-program.ts";
import { decodeTensorMeta } from "./graph.ts";
import { decodeSignature } from "./signature.ts";

const fieldOf = (value: unknown): JsonField => new JsonField(parseJson(json(value), "m.json"), "m.json");
const programOf = (...parts: Parameters<typeof linearProgram>): ExportedProgram =>
  decodeProgram(fieldOf(linearProgram(...parts)));
const body = (linearProgram() as { graph_module: { graph: unknown } }).graph_module.graph;

describe("an argument", () => {
  test.each<[string, unknown, unknown]>([
    ["as_none", true, { kind: "none" }],
    ["as_none", [], { kind: "none" }],
    ["as_tensor", { name: "x" }, { kind: "tensor", name: "x" }],
    ["as_tensors", [{ name: "x" }, { name: "y" }], { kind: "tensors", names: ["x", "y"] }],
    ["as_optional_tensor", { as_tensor: { name: "x" } }, { kind: "tensor", name: "x" }],
    ["as_optional_tensor", { as_none: true }, { kind: "none" }],
    [
      "as_optional_tensors",
      [{ as_tensor: { name: "x" } }, { as_none: true }],
      { kind: "optionalTensors", names: ["x", undefined] },
    ],
    [
      "as_optional_tensors",
      [{ as_tensor: "x", as_none: null }, { as_none: [] }],
      { kind: "optionalTensors", names: ["x", undefined] },
    ],
    ["as_nested_tensors", [[{ name: "x" }], []], { kind: "nestedTensors", names: [["x"], []] }],
    ["as_int", 2n ** 63n - 1n, { kind: "int", value: 2n ** 63n - 1n }],
    ["as_ints", [1, -2], { kind: "ints", values: [1, -2] }],
    ["as_int_lists", [[1], [2, 3]], { kind: "intLists", values: [[1], [2, 3]] }],
    ["as_sym_int", { as_name: "s" }, { kind: "int", value: "s" }],
    ["as_sym_int", { as_int: 4 }, { kind: "int", value: 4 }],
    ["as_sym_ints", [{ as_int: 1 }, { as_name: "s" }], { kind: "ints", values: [1, "s"] }],
    ["as_float", "-Infinity", { kind: "float", value: Number.NEGATIVE_INFINITY }],
    ["as_float", 1, { kind: "float", value: 1 }],
    ["as_floats", [0.5, "NaN"], { kind: "floats", values: [0.5, Number.NaN] }],
    ["as_float_lists", [[0.5], []], { kind: "floatLists", values: [[0.5], []] }],
    ["as_sym_float", { as_name: "f" }, { kind: "float", value: "f" }],
    ["as_sym_floats", [{ as_float: 0.5 }, { as_name: "f" }], { kind: "floats", values: [0.5, "f"] }],
    ["as_complex", { real: 1, imag: -1 }, { kind: "complex", real: 1, imaginary: -1 }],
    ["as_bool", false, { kind: "bool", value: false }],
    ["as_bools", [true, false], { kind: "bools", values: [true, false] }],
    ["as_sym_bool", { as_bool: true }, { kind: "bool", value: true }],
    ["as_sym_bools", [{ as_name: "b" }], { kind: "bools", values: ["b"] }],
    ["as_string", "", { kind: "string", value: "" }],
    ["as_strings", ["a"], { kind: "strings", values: ["a"] }],
    ["as_scalar_type", 13, { kind: "scalarType", value: "bfloat16" }],
    ["as_memory_format", 2, { kind: "memoryFormat", value: "channelsLast" }],
    ["as_layout", 7, { kind: "layout", value: "strided" }],
    ["as_device", { type: "cuda", index: 1 }, { kind: "device", device: { type: "cuda", index: 1 } }],
    ["as_device", { type: "cpu", index: null }, { kind: "device", device: { type: "cpu" } }],
    ["as_custom_obj", { name: "o", class_fqn: "a.B" }, { kind: "customObject", object: { name: "o", type: "a.B" } }],
    ["as_operator", "torch.ops.aten.add.Tensor", { kind: "operator", name: "torch.ops.aten.add.Tensor" }],
    [
      "as_string_to_argument",
      { a: { as_int: 1 } },
      { kind: "dictionary", entries: new Map([["a", { kind: "int", value: 1 }]]) },
    ],
  ])("that is %s is read (%#)", (tag, value, expected) => {
    expect(decodeArgument(fieldOf({ as_none: null, [tag]: value }))).toEqual(expected);
  });

  test("that is a body has a graph of its own", () => {
    const argument = decodeArgument(fieldOf({ as_graph: { name: "", graph: body } }));
    expect(argument).toMatchObject({ kind: "graph", graph: { nodes: [{ target: "torch.ops.aten.linear.default" }] } });
  });

  test.each<[unknown, string]>([
    [{ as_future: 1 }, "pt2.unknown-argument"],
    [{}, "pt2.malformed"],
    [{ as_int: 1, as_float: 1 }, "pt2.malformed"],
    [{ as_int: 1.5 }, "pt2.malformed"],
    [{ as_float: "one" }, "pt2.malformed"],
    [{ as_scalar_type: 77 }, "pt2.scalar-type"],
    [{ as_memory_format: -1 }, "pt2.malformed"],
    [{ as_tensors: { name: "x" } }, "pt2.malformed"],
  ])("that is %j is refused", (value, code) => {
    expect(codeOf(() => decodeArgument(fieldOf(value)))).toBe(code);
  });
});

test("a tensor's sizes may be expressions, and its offset a plain number in old schemas", () => {
  const expression = { as_expr: { expr_str: "2*s0", hint: { as_int: 8 } } };
  expect(decodeTensorMeta(fieldOf(meta([expression, 3], { storage_offset: 5 })))).toMatchObject({
    scalarType: "float32",
    sizes: [{ expression: { function: "Mul", operands: [2, { symbol: "s0" }] }, hint: 8 }, 3],
    storageOffset: 5,
    layout: "strided",
  });
});

describe("a signature", () => {
  const arg = { name: "v" };
  const signatureOf = (inputs: readonly unknown[], outputs: readonly unknown[]) =>
    decodeSignature(fieldOf({ input_specs: inputs, output_specs: outputs }));

  test.each<[unknown, unknown]>([
    [{ user_input: { arg: { as_int: 3 } } }, { kind: "userInput", value: { kind: "int", value: 3 } }],
    [{ parameter: { arg, parameter_name: "w" } }, { kind: "parameter", value: "v", target: "w" }],
    [
      { buffer: { arg, buffer_name: "b", persistent: false } },
      { kind: "buffer", value: "v", target: "b", persistent: false },
    ],
    [{ buffer: { arg, buffer_name: "b" } }, { kind: "buffer", value: "v", target: "b", persistent: true }],
    [{ tensor_constant: { arg, tensor_constant_name: "c" } }, { kind: "tensorConstant", value: "v", target: "c" }],
    [
      { custom_obj: { arg: { ...arg, class_fqn: "A" }, custom_obj_name: "o" } },
      { kind: "customObject", value: "v", target: "o" },
    ],
    [
      { constant_input: { name: "n", value: { as_none: true } } },
      { kind: "constantInput", value: "n", constant: { kind: "none" } },
    ],
    [{ token: { arg } }, { kind: "token", value: "v" }],
  ])("has the input %j", (spec, expected) => {
    expect(signatureOf([spec], []).inputs).toEqual([expected]);
  });

  test.each<[unknown, unknown]>([
    [{ user_output: { arg: { as_tensor: arg } } }, { kind: "userOutput", value: { kind: "tensor", name: "v" } }],
    [{ loss_output: { arg } }, { kind: "loss", value: "v" }],
    [{ buffer_mutation: { arg, buffer_name: "b" } }, { kind: "bufferMutation", value: "v", target: "b" }],
    [{ parameter_mutation: { arg, parameter_name: "w" } }, { kind: "parameterMutation", value: "v", target: "w" }],
    [{ user_input_mutation: { arg, user_input_name: "x" } }, { kind: "userInputMutation", value: "v", target: "x" }],
    [{ gradient_to_parameter: { arg, parameter_name: "w" } }, { kind: "parameterGradient", value: "v", target: "w" }],
    [{ gradient_to_user_input: { arg, user_input_name: "x" } }, { kind: "userInputGradient", value: "v", target: "x" }],
  ])("has the output %j", (spec, expected) => {
    expect(signatureOf([], [spec]).outputs).toEqual([expected]);
  });
});

describe("a program", () => {
  test("of a newer minor schema may have more fields", () => {
    const program = programOf({
      graph: { future: [1] },
      more: { schema_version: { major: 8, minor: 99 }, future: {} },
    });
    expect(program.schemaVersion).toEqual({ major: 8, minor: 99 });
    expect(program.graph.outputs).toEqual([{ kind: "tensor", name: "linear" }]);
  });

  test("of an old schema has one number as version, one dialect and no kinds of floats", () => {
    const program = programOf({ more: { schema_version: 2, dialect: "ATEN" } });
    expect(program).toMatchObject({ schemaVersion: { major: 2, minor: 0 }, verifiers: ["ATEN"], torchVersion: "" });
    expect(program.graph.symFloatValues.size).toBe(0);
  });

  test("has bounds of its symbols, where infinite ones are none however they are written", () => {
    const range = (min: unknown, max: unknown) => ({ min_val: min, max_val: max });
    const ranges = { a: range(2, null), b: range("-Infinity", "Infinity"), c: range(0, 2n ** 63n - 1n) };
    expect([...programOf({ more: { range_constraints: ranges } }).rangeConstraints]).toEqual([
      ["a", { minimum: 2 }],
      ["b", {}],
      ["c", { minimum: 0, maximum: 2n ** 63n - 1n }],
    ]);
  });

  test("tells the place of what is wrong", () => {
    const broken = linearProgram({ graph: { outputs: [{ as_tensor: { name: 3 } }] } });
    expect(() => decodeProgram(fieldOf(broken))).toThrow(
      "m.json: graph_module.graph.outputs[0].as_tensor.name is no text.",
    );
  });
});
