import { dataTypeOf, type OnnxDataType } from "@millrace/formats/onnx";
import {
  bitsOf,
  broadcastShapes,
  bytesOf,
  type DType,
  elementCount,
  fromNumbers,
  isFloat,
  type Operator,
  type Value,
  viewBytes,
} from "@millrace/ir";
import { expand, floorDiv, floorMod, gather, maximum, minimum, mul, notEqual, sum } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { converted, formulaOf } from "./formula.ts";
import { complementOf } from "./integers.ts";
import { reshaped } from "./weights.ts";

/** The type that bits are worked on in: it has those of `dtype`, and kernels that count. */
function counted(dtype: DType): DType {
  return bitsOf(dtype) < 32 || dtype === "i32" ? "i32" : "i64";
}

/** Works on each bit of two integers: these become planes of zeros and ones, which `fold` joins to the planes of the result. */
function bitwise(fold: Operator): Importer {
  return (node) => {
    const { dtype } = node.input(0).type;
    const shape = broadcastShapes(node.shape(0), node.shape(1)) ?? node.invalid("its inputs do not broadcast");
    const of = formulaOf(node);
    const to = counted(dtype);
    const planes = [0, 1].map((index) => {
      const whole = node.compute(expand, [converted(node, node.input(index), to)], { shape });
      return bitPlanes(node, reshaped(node, whole, [elementCount(shape), 1]));
    });
    const joined = converted(node, of(fold, planes[0], planes[1]), to);
    const total = numbersOfPlanes(node, joined);
    return converted(node, reshaped(node, total, shape), dtype);
  };
}

/** The bits of a column of integers with a sign, the lowest first; the highest power of two that fits is taken twice for the sign's. */
function bitPlanes(node: SourceNode, column: Value): Value {
  const of = formulaOf(node);
  const { dtype } = column.type;
  const most = bitsOf(dtype) - 2;
  const shifted = of(floorDiv, column, node.constant(powers(dtype, (bit) => 2 ** Math.min(bit, most))));
  return of(floorMod, of(floorDiv, shifted, node.constant(powers(dtype, (bit) => (bit > most ? 2 : 1)))), 2);
}

/**
 * What planes [count, bits] say, the sign's last. Words of 32 bits are put together first: the sum over all planes of a small negative number would
 * go through numbers that doubles do not hold.
 */
function numbersOfPlanes(node: SourceNode, planes: Value): Value {
  const of = formulaOf(node);
  const { dtype, shape } = planes.type;
  const words = bitsOf(dtype) / 32;
  const weights = powers(dtype, (bit) => (bit === bitsOf(dtype) - 1 ? -1 : 1) * 2 ** (bit % 32));
  const weighted = of(mul, planes, node.constant(weights));
  const apart = reshaped(node, weighted, [shape[0], words, 32]);
  const each = node.compute(sum, [apart], { axes: [2], keepDims: false });
  if (words === 1) return each;
  const placed = of(mul, each, node.constant(fromNumbers(dtype, [words], [1, 2 ** 32])));
  return node.compute(sum, [placed], { axes: [1], keepDims: false });
}

function powers(dtype: DType, power: (bit: number) => number) {
  const bits = bitsOf(dtype);
  return fromNumbers(
    dtype,
    [bits],
    Array.from({ length: bits }, (_, bit) => power(bit)),
  );
}

/** Integers without a sign times or over a power of two, which is looked up; bits that are shifted out are lost. */
function shift(node: SourceNode): Value {
  const { dtype } = node.input(0).type;
  const direction = node.attributes.text("direction");
  if (direction !== "LEFT" && direction !== "RIGHT") node.invalid(`direction is ${direction}`);
  if (!dtype.startsWith("u")) node.invalid(`its data is ${dtype}, not integers without a sign`);
  const bits = bitsOf(dtype);
  const to = bits < 32 ? "i32" : bits === 32 ? "i64" : dtype;
  const all = bits === 64 ? [] : [direction === "LEFT" ? 0 : 2 ** bits];
  const table = [...Array.from({ length: bits }, (_, by) => 2 ** by), ...all];
  const of = formulaOf(node);
  const by = of(minimum, converted(node, node.input(1), "i32"), table.length - 1);
  const power = node.compute(gather, [node.constant(fromNumbers(to, [table.length], table)), by], { axis: 0 });
  const result = of(direction === "LEFT" ? mul : floorDiv, converted(node, node.input(0), to), power);
  return converted(node, result, dtype);
}

/** The same bits as another type of as many: between integers a cast that wraps, between floats and integers for constants only. */
function reinterpreted(node: SourceNode): Value {
  const x = node.input(0);
  const code = node.attributes.integer("to");
  const to = node.elementType(code);
  const [from, type] = [node.sourceType(x), dataTypeOf(code)];
  if (!isFloat(x.type.dtype) && !isFloat(to)) {
    if (bitsOf(x.type.dtype) !== bitsOf(to)) node.invalid(`${x.type.dtype} and ${to} differ in size`);
    return converted(node, x, to);
  }
  if (isNarrowed(from) || isNarrowed(type))
    node.unsupported(`it goes from ${from} to ${type}, and only float32 keeps its bits`, "Use float32.");
  if (bitsOf(x.type.dtype) !== 32 || bitsOf(to) !== 32) node.invalid(`${x.type.dtype} and ${to} differ in size`);
  const tensor = node.tensor(0);
  return node.constant(viewBytes(to, tensor.shape, bytesOf(tensor)));
}

/** Whether the graph holds the source's float in another size. */
function isNarrowed(type: OnnxDataType | undefined): boolean {
  return type !== undefined && /FLOAT.|DOUBLE/.test(type);
}

/** Operators on the bits of numbers. */
export const bitOperators: Readonly<Record<string, Importer>> = {
  BitwiseAnd: bitwise(minimum),
  BitwiseOr: bitwise(maximum),
  BitwiseXor: bitwise(notEqual),
  BitwiseNot: (node) => complementOf(node, node.input(0)),
  BitShift: shift,
  BitCast: reinterpreted,
};
