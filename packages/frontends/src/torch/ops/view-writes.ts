import { invertPermutation, type Value } from "@millrace/ir";
import { transpose } from "@millrace/ops";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call } from "../call.ts";
import { replaced } from "./slicing.ts";

/** What a tensor becomes when `value` is written to the view of it that a node gives. */
type Write = (call: Call, base: Value, value: Value) => Value;

const whole: Write = (_, __, value) => value;
const inShape: Write = (call, base, value) => reshaped(call.writer, value, base.type.shape);

const inOrder =
  (permutationOf: (call: Call, rank: number) => readonly number[]): Write =>
  (call, base, value) => {
    const permutation = invertPermutation(permutationOf(call, base.type.shape.length));
    return call.compute(transpose, [value], { permutation });
  };

const exchanged = (call: Call, rank: number): readonly number[] => {
  const [a, b] = ["dim0", "dim1"].map((name) => call.axis(call.arguments.integer(name), rank));
  return Array.from({ length: rank }, (_, axis) => axis)
    .with(a, b)
    .with(b, a);
};

const permuted = (call: Call, rank: number): readonly number[] =>
  call.arguments.integers("dims").map((axis) => call.axis(axis, rank));

const turned = (_: Call, rank: number): readonly number[] => Array.from({ length: rank }, (_, axis) => rank - 1 - axis);

function sizeOf(call: Call, base: Value, axis: number): number {
  const size = base.type.shape[axis];
  return typeof size === "number"
    ? size
    : call.unsupported(`it writes along an axis of open size ${size}`, "Give the sizes.");
}

const inPlace: Write = (call, base, value) => {
  const { arguments: given } = call;
  const axis = call.axis(given.integer("dim"), base.type.shape.length);
  const size = sizeOf(call, base, axis);
  const within = (position: number) => Math.max(0, Math.min(size, position < 0 ? position + size : position));
  const start = within(given.has("start") ? given.integer("start") : 0);
  const end = within(given.has("end") ? given.integer("end") : size);
  return replaced(call, base, value, axis, start, end, given.integer("step"));
};

const atIndex: Write = (call, base, value) => {
  const axis = call.axis(call.arguments.integer("dim"), base.type.shape.length);
  const index = call.arguments.integer("index");
  const at = index < 0 ? index + sizeOf(call, base, axis) : index;
  const single = reshaped(call.writer, value, value.type.shape.toSpliced(axis, 0, 1));
  return replaced(call, base, single, axis, at, at + 1, 1);
};

/** How what is written to a view gets into the tensor that it looks at, by the overload that gives the view. */
export const viewWrites: Readonly<Record<string, Write>> = {
  "aten.alias.default": whole,
  "aten.detach.default": whole,
  "aten.lift_fresh.default": whole,
  "aten.contiguous.default": whole,
  "aten.view.default": inShape,
  "aten.reshape.default": inShape,
  "aten.flatten.using_ints": inShape,
  "aten.unflatten.int": inShape,
  "aten.squeeze.default": inShape,
  "aten.squeeze.dim": inShape,
  "aten.squeeze.dims": inShape,
  "aten.unsqueeze.default": inShape,
  "aten.permute.default": inOrder(permuted),
  "aten.transpose.int": inOrder(exchanged),
  "aten.t.default": inOrder(turned),
  "aten.slice.Tensor": inPlace,
  "aten.select.int": atIndex,
};
