import type { JsonField } from "../json/json-field.ts";
import { decodeArgument, decodeCustomObject, decodeDevice, decodeLayout, decodeScalarType } from "./argument.ts";
import type {
  Graph,
  Integer,
  NamedArgument,
  Node,
  NodeMetadata,
  SymBool,
  Symbolic,
  SymFloat,
  SymInt,
  TensorMeta,
} from "./exported-program.ts";
import { parseModuleStack } from "./module-stack.ts";
import { parseSymbolicExpression } from "./symbolic-expression.ts";

/**
 * A graph of the schema, a higher-order operator's body too. Throws FormatError `pt2.malformed` with the place, and those of
 * `decodeArgument`.
 */
export function decodeGraph(field: JsonField): Graph {
  const none = <Value>(): ReadonlyMap<string, Value> => new Map();
  return {
    inputs: field.at("inputs").list(decodeArgument),
    outputs: field.at("outputs").list(decodeArgument),
    nodes: field.at("nodes").list(decodeNode),
    tensorValues: field.at("tensor_values").map(decodeTensorMeta),
    symIntValues: field.at("sym_int_values").map(decodeSymInt),
    symFloatValues: field.at("sym_float_values").optional((values) => values.map(decodeSymFloat)) ?? none(),
    symBoolValues: field.at("sym_bool_values").optional((values) => values.map(decodeSymBool)) ?? none(),
    customObjectValues: field.at("custom_obj_values").optional((values) => values.map(decodeCustomObject)) ?? none(),
    isSingleTensorReturn: field.at("is_single_tensor_return").optional((flag) => flag.boolean()) ?? false,
  };
}

function decodeNode(field: JsonField): Node {
  const name = field.at("name").optional((text) => text.string());
  const isSingleTensorReturn = field.at("is_hop_single_tensor_return").optional((flag) => flag.boolean());
  return {
    target: field.at("target").string(),
    ...(name !== undefined && { name }),
    inputs: field.at("inputs").list(decodeNamedArgument),
    outputs: field.at("outputs").list(decodeArgument),
    metadata: decodeMetadata(field.at("metadata")),
    ...(isSingleTensorReturn !== undefined && { isSingleTensorReturn }),
  };
}

function decodeNamedArgument(field: JsonField): NamedArgument {
  const kind = field.at("kind").optional((code) => code.smallInteger());
  const passing = kind === 1 ? "positional" : kind === 2 ? "keyword" : undefined;
  return {
    name: field.at("name").string(),
    value: decodeArgument(field.at("arg")),
    ...(passing !== undefined && { passing }),
  };
}

function decodeMetadata(field: JsonField): NodeMetadata {
  const entries = field.optional((present) => present.map((text) => text.string())) ?? new Map<string, string>();
  const stackTrace = entries.get("stack_trace");
  const torchFunction = entries.get("torch_fn");
  return {
    ...(stackTrace !== undefined && { stackTrace }),
    moduleStack: parseModuleStack(entries.get("nn_module_stack") ?? ""),
    ...(torchFunction !== undefined && { torchFunction }),
    entries,
  };
}

/** What the schema says of a tensor. Throws FormatError `pt2.malformed`, `pt2.scalar-type` and `pt2.expression`. */
export function decodeTensorMeta(field: JsonField): TensorMeta {
  return {
    scalarType: decodeScalarType(field.at("dtype")),
    sizes: field.at("sizes").list(decodeSymInt),
    strides: field.at("strides").list(decodeSymInt),
    storageOffset: decodeOffset(field.at("storage_offset")),
    requiresGrad: field.at("requires_grad").boolean(),
    device: decodeDevice(field.at("device")),
    layout: decodeLayout(field.at("layout")),
  };
}

/** Before schema 4 an offset was a plain integer. */
function decodeOffset(field: JsonField): SymInt {
  return field.isObject ? decodeSymInt(field) : field.integer();
}

const decodeSymInt = symbolic<Integer>("as_int", (field) => field.integer());
const decodeSymFloat: (field: JsonField) => SymFloat = symbolic("as_float", (field) => field.float());
const decodeSymBool: (field: JsonField) => SymBool = symbolic("as_bool", (field) => field.boolean());

/** Reads a value that is known, by its tag, or `as_expr`: an expression with a hint that is the value in the example. */
function symbolic<Value>(
  known: string,
  read: (field: JsonField) => Value,
): (field: JsonField) => Value | Symbolic<Value> {
  return (field) => {
    const [tag, value] = field.tagged();
    if (tag === known) return read(value);
    if (tag !== "as_expr") return field.fail(`is neither ${known} nor as_expr`);
    const expression = parseSymbolicExpression(value.at("expr_str").string());
    const hint = value.at("hint").optional((union) => union.at(known).optional(read));
    return { expression, ...(hint !== undefined && { hint }) };
  };
}
