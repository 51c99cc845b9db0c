import { FormatError } from "../error.ts";
import type { OnnxAttribute, OnnxGraph, OnnxInteger, OnnxSparseTensor, OnnxTensor } from "./model.ts";
import type { OnnxTypeInfo } from "./type-info.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** What an attribute holds. REFERENCE, inside a function, is the name of the caller's attribute. */
export type OnnxAttributeValue =
  | { readonly kind: "FLOAT"; readonly value: number }
  | { readonly kind: "INT"; readonly value: OnnxInteger }
  | { readonly kind: "STRING"; readonly value: string }
  | { readonly kind: "TENSOR"; readonly value: OnnxTensor }
  | { readonly kind: "GRAPH"; readonly value: OnnxGraph }
  | { readonly kind: "SPARSE_TENSOR"; readonly value: OnnxSparseTensor }
  | { readonly kind: "TYPE_PROTO"; readonly value: OnnxTypeInfo }
  | { readonly kind: "FLOATS"; readonly value: readonly number[] }
  | { readonly kind: "INTS"; readonly value: readonly OnnxInteger[] }
  | { readonly kind: "STRINGS"; readonly value: readonly string[] }
  | { readonly kind: "TENSORS"; readonly value: readonly OnnxTensor[] }
  | { readonly kind: "GRAPHS"; readonly value: readonly OnnxGraph[] }
  | { readonly kind: "SPARSE_TENSORS"; readonly value: readonly OnnxSparseTensor[] }
  | { readonly kind: "TYPE_PROTOS"; readonly value: readonly OnnxTypeInfo[] }
  | { readonly kind: "REFERENCE"; readonly value: string };

export type OnnxAttributeKind = Exclude<OnnxAttributeValue["kind"], "REFERENCE">;

/** Each kind's code, property, and the value when the file leaves it out (undefined: it must be there). */
const kinds = {
  FLOAT: { code: 1, property: "float", absent: 0 },
  INT: { code: 2, property: "int", absent: 0 },
  STRING: { code: 3, property: "string", absent: new Uint8Array(0) },
  TENSOR: { code: 4, property: "tensor", absent: undefined },
  GRAPH: { code: 5, property: "graph", absent: undefined },
  FLOATS: { code: 6, property: "floats", absent: [] },
  INTS: { code: 7, property: "ints", absent: [] },
  STRINGS: { code: 8, property: "strings", absent: [] },
  TENSORS: { code: 9, property: "tensors", absent: [] },
  GRAPHS: { code: 10, property: "graphs", absent: [] },
  SPARSE_TENSOR: { code: 11, property: "sparseTensor", absent: undefined },
  SPARSE_TENSORS: { code: 12, property: "sparseTensors", absent: [] },
  TYPE_PROTO: { code: 13, property: "typeProto", absent: undefined },
  TYPE_PROTOS: { code: 14, property: "typeProtos", absent: [] },
} as const satisfies Record<OnnxAttributeKind, { code: number; property: keyof OnnxAttribute; absent: unknown }>;

const kindNames = Object.keys(kinds) as OnnxAttributeKind[];

/**
 * The value of an attribute by its type, or, where the file gives no type (IR version 1), by the property that is there.
 * Throws FormatError `onnx.attribute` when the type is unknown, its value is missing or a text is not UTF-8.
 */
export function decodeAttribute(attribute: OnnxAttribute): OnnxAttributeValue {
  if (attribute.refAttrName) return { kind: "REFERENCE", value: attribute.refAttrName };
  const present = kindNames.filter((name) => attribute[kinds[name].property] !== undefined);
  const kind = attribute.type === 0 ? present[0] : kindNames.find((name) => kinds[name].code === attribute.type);
  if (kind === undefined) throw failure(attribute, `has the unknown type ${attribute.type}`);
  const stored = attribute[kinds[kind].property] ?? (present.length === 0 ? kinds[kind].absent : undefined);
  if (stored === undefined) throw failure(attribute, `has type ${kind} but no such value`);
  if (kind === "STRING") return { kind, value: decodeText(attribute, stored as Uint8Array) };
  if (kind === "STRINGS")
    return { kind, value: (stored as readonly Uint8Array[]).map((bytes) => decodeText(attribute, bytes)) };
  return { kind, value: stored } as OnnxAttributeValue;
}

export function encodeAttribute(
  name: string,
  content: Exclude<OnnxAttributeValue, { kind: "REFERENCE" }>,
): OnnxAttribute {
  const { kind, value } = content;
  const stored =
    kind === "STRING" ? encodeUtf8(value) : kind === "STRINGS" ? value.map((text) => encodeUtf8(text)) : value;
  return { name, type: kinds[kind].code, [kinds[kind].property]: stored };
}

function decodeText(attribute: OnnxAttribute, bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw failure(attribute, "holds a text that is not UTF-8");
  return text;
}

function failure({ name }: OnnxAttribute, problem: string): FormatError {
  return new FormatError("onnx.attribute", `Attribute "${name}" ${problem}.`, {
    hint: "Export the model again; the attribute is not as ONNX has it.",
    where: name,
  });
}
