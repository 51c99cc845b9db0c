import { type Dimension, elementCount, fromNumbers, type Shape, sameShape, type Value } from "@millrace/ir";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

const hint = "Write it with operators on shapes, such as reshape, slice or permute.";

/** Sizes and distances of the axes along which there is more than one element. */
function steps(sizes: Shape, strides: readonly Dimension[]): Shape {
  return sizes.flatMap((size, axis) => (size === 1 ? [] : [size, strides[axis] ?? 0]));
}

/** Where in memory each element lies, the last axis first. */
function places(sizes: readonly number[], strides: readonly number[], offset: number): readonly number[] {
  if (sizes.includes(0)) return [];
  return sizes.reduce<readonly number[]>(
    (found, size, axis) =>
      found.flatMap((place) => Array.from({ length: size }, (_, at) => place + at * strides[axis])),
    [offset],
  );
}

/** Reads memory in steps. All of it has to be the tensor's own, which lies there as the file states. */
function strided(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const memory = given.memory("self");
  const [sizes, strides] = [given.sizes("size"), given.sizes("stride")];
  if (sizes.length !== strides.length)
    return call.invalid(`it has ${sizes.length} sizes and ${strides.length} strides`);
  const offset = given.has("storage_offset") ? given.size("storage_offset") : memory.offset;
  if (sizes.some((size) => typeof size === "number" && size < 0)) return call.invalid(`its sizes are [${sizes}]`);
  const isWhole = sameShape(steps(sizes, strides), steps(x.type.shape, memory.strides));
  if (isWhole && sameShape([offset], [memory.offset])) return reshaped(call.writer, x, sizes);
  const numbers = [sizes, strides, [offset], x.type.shape, memory.strides, [memory.offset]].map((list) =>
    known(call, list),
  );
  const [ownCount, count] = [numbers[3], numbers[0]].map((shape) => call.count(elementCount(shape)));
  const own = places(numbers[3], numbers[4], numbers[5][0]);
  const elements = new Map(own.map((place, element) => [place, element]));
  const indices = places(numbers[0], numbers[1], numbers[2][0]).map(
    (place) => elements.get(place) ?? call.unsupported("it reads memory past the shape of its tensor", hint),
  );
  const line = reshaped(call.writer, x, [ownCount]);
  const picked = call.onnx("Gather", [line, call.writer.constant(fromNumbers("i64", [count], indices))], { axis: 0 });
  return reshaped(call.writer, picked, sizes);
}

function known(call: Call, list: readonly Dimension[]): readonly number[] {
  return list.map((size) =>
    typeof size === "number"
      ? size
      : call.unsupported(`it needs the size ${size}, which is open`, "Give the sizes of the model's inputs."),
  );
}

/** Views of memory by distances between elements, by overload. */
export const stridedViews: Readonly<Record<string, Handler>> = {
  "aten.as_strided.default": strided,
  "aten.as_strided_copy.default": strided,
};
