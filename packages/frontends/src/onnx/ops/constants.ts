import { dataTypeCode, dataTypeOf } from "@millrace/formats/onnx";
import {
  allocate,
  bitsOf,
  elementCount,
  fromNumbers,
  isStatic,
  scalarOf,
  type Tensor,
  tensorOf,
  type Value,
} from "@millrace/ir";
import { expand } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { converted } from "./formula.ts";
import { roundedTo } from "./rounding.ts";

/** The one attribute that is there tells the kind of constant. */
function constant(node: SourceNode): Value {
  const { attributes } = node;
  if (attributes.has("value")) return node.constant(node.decode(attributes.tensor("value")));
  if (attributes.has("sparse_value")) return node.constant(node.decode(attributes.sparseTensor("sparse_value")));
  if (attributes.has("value_float")) return node.scalar(attributes.real("value_float"));
  if (attributes.has("value_int")) return node.scalar(attributes.integer("value_int"), "i64");
  const reals = attributes.reals("value_floats");
  if (reals) return node.constant(fromNumbers("f32", [reals.length], reals));
  const integers = attributes.integers("value_ints");
  if (integers) return node.constant(fromNumbers("i64", [integers.length], integers));
  return node.unsupported("its value is a text", "Use a tensor of numbers.");
}

function filled(node: SourceNode): Value {
  const shape = node.sizes(0);
  const value = node.attributes.has("value")
    ? node.decode(node.attributes.tensor("value"))
    : fromNumbers("f32", [], [0]);
  if (value.data.length !== 1) node.invalid(`value has ${value.data.length} elements, not 1`);
  if (!isStatic(shape)) return node.compute(expand, [node.constant(tensorOf(value.dtype, [], value.data))], { shape });
  if (shape.some((size) => !(Number.isSafeInteger(size) && size >= 0))) node.invalid(`[${shape}] is not a shape`);
  return node.constant(repeated(node, value, shape));
}

function repeated(node: SourceNode, { dtype, data: [element] }: Tensor, shape: readonly number[]): Tensor {
  const count = elementCount(shape);
  node.reserve((count * bitsOf(dtype)) / 8);
  const data = allocate(dtype, count);
  if (Number(element) !== 0) (data as Float32Array).fill(element as number);
  return tensorOf(dtype, shape, data);
}

function range(node: SourceNode): Value {
  const [start, limit, step] = [0, 1, 2].map((index) => scalarOf(node.tensor(index)));
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!Number.isSafeInteger(count)) node.invalid(`it counts from ${start} to ${limit} in steps of ${step}`);
  node.reserve(count * 16);
  const numbers = Float64Array.from({ length: count }, (_, index) => start + index * step);
  return node.constant(fromNumbers(node.input(0).type.dtype, [count], numbers));
}

function casting(node: SourceNode): Value {
  return castTo(node, node.attributes.integer("to"));
}

/** Floats that the graph holds in float32 are rounded to what the source's type holds. */
function castTo(node: SourceNode, code: number): Value {
  const x = node.input(0);
  const saturate = node.attributes.flag("saturate", true);
  node.attributes.ignore("round_mode");
  const to = node.elementType(code);
  const type = dataTypeOf(code)!;
  if (type === "FLOAT8E8M0")
    node.unsupported("it rounds to powers of two", "Round the numbers before, or use another type.");
  const isHeld = node.sourceType(x) === type || type === "FLOAT" || type === "DOUBLE" || to !== "f32";
  const value = converted(node, x, to);
  return isHeld ? value : node.noted(roundedTo(node, value, type, saturate), code);
}

/** The type of the second input, as the source states it or as the graph has it. */
function castLike(node: SourceNode): Value {
  const like = node.input(1);
  const type = node.sourceType(like);
  if (type) return castTo(node, dataTypeCode(type));
  node.attributes.ignore("saturate", "round_mode");
  return converted(node, node.input(0), like.type.dtype);
}

/** Operators that make values out of numbers, and change their element type. */
export const constants: Readonly<Record<string, Importer>> = {
  Constant: constant,
  ConstantOfShape: filled,
  Range: range,
  Cast: casting,
  CastLike: castLike,
};
