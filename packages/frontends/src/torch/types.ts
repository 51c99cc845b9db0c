import type { ScalarType } from "@millrace/formats/pt2";
import { bitsOf, type DType, fail, isFloat, type Value } from "@millrace/ir";

/** The graph's element types, after which every float is f32. */
const elementTypes: ReadonlyMap<ScalarType, DType> = new Map([
  ["float32", "f32"],
  ["float64", "f32"],
  ["float16", "f32"],
  ["bfloat16", "f32"],
  ["int8", "i8"],
  ["int16", "i16"],
  ["int32", "i32"],
  ["int64", "i64"],
  ["uint8", "u8"],
  ["uint16", "u16"],
  ["uint32", "u32"],
  ["uint64", "u64"],
  ["bool", "bool"],
]);

/** Throws `torch.unsupported-type` for complex numbers and floats of 8 bits. */
export function elementTypeOf(type: ScalarType): DType {
  const found = elementTypes.get(type);
  if (found) return found;
  return fail("torch.unsupported-type", `the element type ${type} is not supported`, {
    hint: "Export the model with float32 or plain integer types.",
  });
}

/** A number of the program: whether Python has it as an int, a float or a bool decides over the type of what it is computed with. */
export interface Scalar {
  readonly value: number;
  readonly kind: "bool" | "integer" | "real";
}

export function isScalar(operand: Value | Scalar): operand is Scalar {
  return "kind" in operand;
}

const numberTypes = { bool: "bool", integer: "i64", real: "f32" } as const satisfies Record<Scalar["kind"], DType>;

/**
 * The type in which PyTorch computes with the operands: that of tensors with axes, unless a tensor without axes or a number is of a higher
 * category (truth values, integers, reals).
 */
export function commonType(operands: readonly (Value | Scalar)[]): DType {
  const tensors = operands.filter((operand): operand is Value => !isScalar(operand));
  const groups: readonly (readonly DType[])[] = [
    tensors.filter(({ type }) => type.shape.length > 0).map(({ type }) => type.dtype),
    tensors.filter(({ type }) => type.shape.length === 0).map(({ type }) => type.dtype),
    operands.filter(isScalar).map(({ kind }) => numberTypes[kind]),
  ];
  const promoted = groups.filter((group) => group.length > 0).map((group) => group.reduce(widest));
  return promoted.reduce((first, next) => (category(next) > category(first) ? next : first));
}

function category(dtype: DType): number {
  if (isFloat(dtype)) return 2;
  return dtype === "bool" ? 0 : 1;
}

/** The smallest type that holds what both do; of a signed type and an unsigned one as wide, the next wider signed one. */
function widest(a: DType, b: DType): DType {
  if (a === b) return a;
  if (category(a) !== category(b)) return category(a) > category(b) ? a : b;
  const isSigned = (dtype: DType) => dtype.startsWith("i");
  if (isSigned(a) === isSigned(b)) return bitsOf(a) >= bitsOf(b) ? a : b;
  const [signed, unsigned] = isSigned(a) ? [a, b] : [b, a];
  if (bitsOf(signed) > bitsOf(unsigned)) return signed;
  return bitsOf(unsigned) >= 32 ? "i64" : (`i${2 * bitsOf(unsigned)}` as DType);
}
