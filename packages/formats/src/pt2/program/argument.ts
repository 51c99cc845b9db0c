import type { JsonField } from "../json/json-field.ts";
import { type ScalarType, scalarTypeOf } from "../tensors/scalar-type.ts";
import type { Argument, CustomObject, Device, Layout, MemoryFormat } from "./exported-program.ts";
import { decodeGraph } from "./graph.ts";

const memoryFormats: readonly MemoryFormat[] = ["unknown", "contiguous", "channelsLast", "channelsLast3d", "preserve"];
const layouts: readonly Layout[] = [
  "unknown",
  "sparseCoo",
  "sparseCsr",
  "sparseCsc",
  "sparseBsr",
  "sparseBsc",
  "mkldnn",
  "strided",
];

const integer = (field: JsonField) => field.integer();
const float = (field: JsonField) => field.float();
const boolean = (field: JsonField) => field.boolean();
const text = (field: JsonField) => field.string();
const tensorName = (field: JsonField) => field.at("name").string();

/** A value, or the name of a symbolic one: `{as_name}` or `{as_int}` and the like. */
function named<Value>(read: (field: JsonField) => Value): (field: JsonField) => Value | string {
  return (field) => {
    const [tag, value] = field.tagged();
    return tag === "as_name" ? value.string() : read(value);
  };
}

/** In schema 2 the tensor is its name. */
const optionalTensorName = (field: JsonField): string | undefined => {
  const [tag, value] = field.tagged();
  if (tag !== "as_tensor") return undefined;
  return value.isObject ? tensorName(value) : value.string();
};

/** The schema's union by its tags. */
const readers: ReadonlyMap<string, (field: JsonField) => Argument> = new Map<string, (field: JsonField) => Argument>([
  ["as_none", () => ({ kind: "none" })],
  ["as_tensor", (field) => ({ kind: "tensor", name: tensorName(field) })],
  ["as_tensors", (field) => ({ kind: "tensors", names: field.list(tensorName) })],
  ["as_optional_tensor", decodeOptionalTensor],
  ["as_optional_tensors", (field) => ({ kind: "optionalTensors", names: field.list(optionalTensorName) })],
  ["as_nested_tensors", (field) => ({ kind: "nestedTensors", names: field.list((list) => list.list(tensorName)) })],
  ["as_int", (field) => ({ kind: "int", value: field.integer() })],
  ["as_ints", (field) => ({ kind: "ints", values: field.list(integer) })],
  ["as_int_lists", (field) => ({ kind: "intLists", values: field.list((list) => list.list(integer)) })],
  ["as_sym_int", (field) => ({ kind: "int", value: named(integer)(field) })],
  ["as_sym_ints", (field) => ({ kind: "ints", values: field.list(named(integer)) })],
  ["as_float", (field) => ({ kind: "float", value: field.float() })],
  ["as_floats", (field) => ({ kind: "floats", values: field.list(float) })],
  ["as_float_lists", (field) => ({ kind: "floatLists", values: field.list((list) => list.list(float)) })],
  ["as_sym_float", (field) => ({ kind: "float", value: named(float)(field) })],
  ["as_sym_floats", (field) => ({ kind: "floats", values: field.list(named(float)) })],
  ["as_complex", (field) => ({ kind: "complex", real: field.at("real").float(), imaginary: field.at("imag").float() })],
  ["as_bool", (field) => ({ kind: "bool", value: field.boolean() })],
  ["as_bools", (field) => ({ kind: "bools", values: field.list(boolean) })],
  ["as_sym_bool", (field) => ({ kind: "bool", value: named(boolean)(field) })],
  ["as_sym_bools", (field) => ({ kind: "bools", values: field.list(named(boolean)) })],
  ["as_string", (field) => ({ kind: "string", value: field.string() })],
  ["as_strings", (field) => ({ kind: "strings", values: field.list(text) })],
  ["as_scalar_type", (field) => ({ kind: "scalarType", value: decodeScalarType(field) })],
  ["as_memory_format", (field) => ({ kind: "memoryFormat", value: decodeCode(field, memoryFormats) })],
  ["as_layout", (field) => ({ kind: "layout", value: decodeLayout(field) })],
  ["as_device", (field) => ({ kind: "device", device: decodeDevice(field) })],
  ["as_graph", (field) => ({ kind: "graph", name: field.at("name").string(), graph: decodeGraph(field.at("graph")) })],
  ["as_custom_obj", (field) => ({ kind: "customObject", object: decodeCustomObject(field) })],
  ["as_operator", (field) => ({ kind: "operator", name: field.string() })],
  ["as_string_to_argument", (field) => ({ kind: "dictionary", entries: field.map(decodeArgument) })],
]);

/**
 * An argument of the schema's union. Throws FormatError `pt2.malformed` with its place, and `pt2.unknown-argument` for a tag of a
 * newer schema.
 */
export function decodeArgument(field: JsonField): Argument {
  const [tag, value] = field.tagged();
  const read = readers.get(tag);
  return read === undefined
    ? field.fail(`is of the unknown kind ${tag.slice(0, 100)}`, "unknown-argument")
    : read(value);
}

function decodeOptionalTensor(field: JsonField): Argument {
  const name = optionalTensorName(field);
  return name === undefined ? { kind: "none" } : { kind: "tensor", name };
}

export function decodeScalarType(field: JsonField): ScalarType {
  return scalarTypeOf(field.smallInteger()) ?? field.fail("is no known element type", "scalar-type");
}

export function decodeLayout(field: JsonField): Layout {
  return decodeCode(field, layouts);
}

export function decodeDevice(field: JsonField): Device {
  const index = field.at("index").optional(integer);
  return { type: field.at("type").string(), ...(index !== undefined && { index }) };
}

export function decodeCustomObject(field: JsonField): CustomObject {
  return { name: field.at("name").string(), type: field.at("class_fqn").optional(text) ?? "" };
}

function decodeCode<Name>(field: JsonField, names: readonly Name[]): Name {
  return names[field.smallInteger()] ?? field.fail("is no known code");
}
