import { fromNumbers, type Shape, type Value } from "@millrace/ir";
import { mul, sub } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Sums of products along pairs of axes, one of each tensor; what is left of `a` comes before what is left of `b`. */
function contracted(call: Call, a: Value, b: Value, pairs: readonly (readonly [ofA: number, ofB: number])[]): Value {
  const rank = a.type.shape.length;
  const [left, right] = [[...a.type.shape.keys()], b.type.shape.map((_, axis) => rank + axis)];
  if (left.length + right.length > letters.length)
    return call.unsupported(`its tensors have ${left.length + right.length} axes`, "Join some of them before.");
  for (const [ofA, ofB] of pairs) right[ofB] = ofA;
  const kept = [
    ...left.filter((axis) => !pairs.some(([ofA]) => ofA === axis)),
    ...right.filter((axis) => axis >= rank),
  ];
  const term = (axes: readonly number[]) => axes.map((axis) => letters[axis]).join("");
  return call.onnx("Einsum", [a, b], { equation: `${term(left)},${term(right)}->${term(kept)}` });
}

function operandsOf(call: Call): readonly Value[] {
  return call.promoted([call.arguments.tensor("self"), call.arguments.tensor("other")]);
}

function tensorProduct(call: Call): Value {
  const { arguments: given } = call;
  const [a, b] = operandsOf(call);
  const [axesOfA, axesOfB] = [given.integers("dims_self"), given.integers("dims_other")];
  if (axesOfA.length !== axesOfB.length)
    return call.invalid(`it has ${axesOfA.length} axes of one tensor and ${axesOfB.length} of the other`);
  const pairs = axesOfA.map(
    (axis, at) => [call.axis(axis, a.type.shape.length), call.axis(axesOfB[at], b.type.shape.length)] as const,
  );
  return contracted(call, a, b, pairs);
}

/** Sums of products along the last axes; a number alone multiplies all. */
function innerProduct(call: Call): Value {
  const [a, b] = operandsOf(call);
  const [rankOfA, rankOfB] = [a.type.shape.length, b.type.shape.length];
  if (rankOfA === 0 || rankOfB === 0) return formulaOf(call.writer)(mul, a, b);
  return contracted(call, a, b, [[rankOfA - 1, rankOfB - 1]]);
}

/** Every element of one tensor times the whole other tensor, in its place. */
function kroneckerProduct(call: Call): Value {
  const [a, b] = operandsOf(call);
  const rank = Math.max(a.type.shape.length, b.type.shape.length);
  const whole = ({ type }: Value): Shape => [...new Array<number>(rank - type.shape.length).fill(1), ...type.shape];
  const outer = whole(a).flatMap((size) => [size, 1]);
  const inner = whole(b).flatMap((size) => [1, size]);
  const product = formulaOf(call.writer)(mul, reshaped(call.writer, a, outer), reshaped(call.writer, b, inner));
  const { shape } = product.type;
  return call.onnx("Reshape", [product, call.integers(sizesInPairs(call, shape))]);
}

function sizesInPairs(call: Call, shape: Shape): readonly number[] {
  return Array.from({ length: shape.length / 2 }, (_, axis) => {
    const [outer, inner] = shape.slice(2 * axis, 2 * axis + 2);
    if (typeof outer === "number" && typeof inner === "number") return outer * inner;
    return call.unsupported(`the sizes [${shape}] are open`, "Give the sizes of the model's inputs.");
  });
}

/** Vectors of three numbers at right angles to two others: a₁ · b₂ − a₂ · b₁ and so on, around. */
function crossProduct(call: Call): Value {
  const { arguments: given } = call;
  const [a, b] = operandsOf(call);
  const { shape } = a.type;
  const axis = given.has("dim") ? call.axis(given.integer("dim"), shape.length) : shape.indexOf(3);
  if (shape[axis] !== 3) return call.invalid(`[${shape}] has no vectors of three numbers there`);
  const of = formulaOf(call.writer);
  const turned = (x: Value, by: number) => {
    const places = call.writer.constant(
      fromNumbers(
        "i64",
        [3],
        [0, 1, 2].map((at) => (at + by) % 3),
      ),
    );
    return call.onnx("Gather", [x, places], { axis: axis - shape.length + x.type.shape.length });
  };
  return of(sub, of(mul, turned(a, 1), turned(b, 2)), of(mul, turned(a, 2), turned(b, 1)));
}

/** Products of whole tensors, by overload. */
export const tensorProducts: Readonly<Record<string, Handler>> = {
  "aten.tensordot.default": tensorProduct,
  "aten.inner.default": innerProduct,
  "aten.kron.default": kroneckerProduct,
  "aten.cross.default": crossProduct,
  "aten.linalg_cross.default": crossProduct,
};
