import {
  addDimensions,
  type Dimension,
  divideDimensions,
  elementCount,
  fromNumbers,
  subtractDimensions,
  type Value,
} from "@millrace/ir";
import { concat, slice, split, transpose } from "@millrace/ops";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

/** Elements start, start + step, … of an axis, up to `end` or the axis' own end; both count from it where they are negative. */
export function sliceOf(call: Call, x: Value, axis: number, start: Dimension, end: Dimension, step = 1): Value {
  const { shape } = x.type;
  const size = shape[axis];
  if (!(step >= 1)) return call.invalid(`its step is ${step}`);
  const [first, last] = [positionOf(start, size), positionOf(end, size)];
  const count = divideDimensions(addDimensions(subtractDimensions(last, first), step - 1), step);
  const length = typeof count === "number" ? Math.max(0, count) : count;
  if (length === size && first === 0 && step === 1) return x;
  return call.compute(slice, [x], {
    starts: shape.map((_, at) => (at === axis ? first : 0)),
    sizes: shape.with(axis, length),
    steps: shape.map((_, at) => (at === axis ? step : 1)),
  });
}

/** A position within an axis, which it is held in; "to the end" is beyond any size. */
function positionOf(given: Dimension, size: Dimension): Dimension {
  if (typeof given === "string") return given;
  if (typeof size === "number") return Math.max(0, Math.min(size, given < 0 ? given + size : given));
  if (given < 0) return addDimensions(size, given);
  return given === Number.MAX_SAFE_INTEGER ? size : given;
}

function axisOf(call: Call, x: Value, name = "dim"): number {
  return call.axis(call.arguments.integer(name), x.type.shape.length);
}

const slicing: Handler = (call) => {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const start = given.has("start") ? given.size("start") : 0;
  const end = given.has("end") ? given.size("end") : Number.MAX_SAFE_INTEGER;
  return sliceOf(call, x, axisOf(call, x), start, end, given.integer("step"));
};

const narrowing: Handler = (call) => {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const start = given.size("start");
  const isFromEnd = typeof start === "number" && start < 0;
  const first = isFromEnd ? addDimensions(x.type.shape[axisOf(call, x)], start) : start;
  return sliceOf(call, x, axisOf(call, x), first, addDimensions(first, given.size("length")));
};

/** One index of an axis, which the result lacks. */
export function selected(call: Call, x: Value, axis: number, index: Dimension): Value {
  const size = x.type.shape[axis];
  const at = typeof index === "number" && index < 0 ? addDimensions(size, index) : index;
  if (typeof at === "number" && typeof size === "number" && !(at >= 0 && at < size))
    return call.invalid(`the index ${index} is beyond axis ${axis} of size ${size}`);
  if (typeof at === "number") return call.onnx("Gather", [x, call.writer.scalar(at, "i64")], { axis });
  const part = sliceOf(call, x, axis, at, addDimensions(at, 1));
  return reshaped(call.writer, part, x.type.shape.toSpliced(axis, 1));
}

const selecting: Handler = (call) => {
  const x = call.arguments.tensor("self");
  return selected(call, x, axisOf(call, x), call.arguments.size("index"));
};

/** Parts of the sizes given along an axis. */
function parts(call: Call, x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  if (sizes.length === 1) return [x];
  return call.writer.computeAll(split, [x], { axis, sizes });
}

function knownSize(call: Call, x: Value, axis: number): number {
  const size = x.type.shape[axis];
  if (typeof size === "number") return size;
  return call.unsupported(`the size ${size} of its axis is open`, "Give the sizes of the model's inputs.");
}

/** Parts of `length` along an axis, the last one shorter where that does not go evenly. */
function partsOf(call: Call, length: (size: number) => number): readonly Value[] {
  const x = call.arguments.tensor("self");
  const axis = axisOf(call, x);
  const size = knownSize(call, x, axis);
  const each = Math.max(1, length(size));
  const count = Math.max(1, Math.ceil(size / each));
  checkCount(call, count);
  return parts(
    call,
    x,
    axis,
    Array.from({ length: count }, (_, index) => Math.min(each, size - index * each)),
  );
}

/** Checks that there are as many parts as the program has names for. */
function checkCount(call: Call, count: number): void {
  if (count !== call.results.length) call.invalid(`it makes ${count} parts, and has ${call.results.length} results`);
}

const splittingBySizes: Handler = (call) => {
  const x = call.arguments.tensor("self");
  const sizes = call.arguments.given("split_sizes") ? "split_sizes" : "split_size";
  return parts(call, x, axisOf(call, x), call.arguments.integers(sizes));
};

/** About as many indices in each of so many parts, the first ones one more; or cuts before the indices given. */
const splittingEvenly: Handler = (call) => {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const axis = axisOf(call, x);
  const size = knownSize(call, x, axis);
  const count = given.given("sections") ? given.integer("sections") : undefined;
  if (count !== undefined) checkCount(call, count);
  const starts =
    count === undefined
      ? [0, ...given.integers("indices").map((at) => positionOf(at, size) as number)]
      : Array.from({ length: count }, (_, at) => at * Math.floor(size / count) + Math.min(at, size % count));
  return starts.map((start, index) => sliceOf(call, x, axis, start, starts[index + 1] ?? size));
};

/** Every index of an axis as a tensor without it. */
const unbinding: Handler = (call) => {
  const x = call.arguments.tensor("self");
  const axis = axisOf(call, x);
  const shape = x.type.shape.toSpliced(axis, 1);
  checkCount(call, knownSize(call, x, axis));
  const each = new Array<number>(knownSize(call, x, axis)).fill(1);
  return parts(call, x, axis, each).map((part) => reshaped(call.writer, part, shape));
};

function concatenation(call: Call): Value {
  const all = call.arguments.someTensors("tensors");
  const tensors = all.filter(({ type }) => type.shape.join() !== "0");
  if (tensors.length === 0) return all[0];
  const axis = axisOf(call, tensors[0]);
  const values = call.promoted(tensors);
  return values.length === 1 ? values[0] : call.compute(concat, values, { axis });
}

function stacking(call: Call): Value {
  const values = call.promoted(call.arguments.someTensors("tensors"));
  const { shape } = values[0].type;
  const axis = call.axis(call.arguments.integer("dim"), shape.length + 1);
  const single = values.map((value) => reshaped(call.writer, value, shape.toSpliced(axis, 0, 1)));
  return single.length === 1 ? single[0] : call.compute(concat, single, { axis });
}

/** The other way round along the axes given. */
export function flipped(call: Call, x: Value, axes: readonly number[]): Value {
  return axes.reduce((value, axis) => {
    const { shape } = value.type;
    const size = knownSize(call, value, axis);
    return call.compute(slice, [value], {
      starts: shape.map((_, at) => (at === axis ? Math.max(0, size - 1) : 0)),
      sizes: shape,
      steps: shape.map((_, at) => (at === axis ? -1 : 1)),
    });
  }, x);
}

const flipping: Handler = (call) => {
  const x = call.arguments.tensor("self");
  return flipped(
    call,
    x,
    call.arguments.integers("dims").map((axis) => call.axis(axis, x.type.shape.length)),
  );
};

/** Elements moved along axes, those that leave one end coming back at the other; without axes, along all as one. */
const rolling: Handler = (call) => {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const shifts = given.integers("shifts");
  const axes = given.integers("dims").map((axis) => call.axis(axis, x.type.shape.length));
  if (shifts.length !== Math.max(1, axes.length)) return call.invalid(`it has ${shifts.length} shifts`);
  if (axes.length > 0) return shifts.reduce((value, shift, index) => rolled(call, value, axes[index], shift), x);
  const line = reshaped(call.writer, x, [elementCount(x.type.shape)]);
  return reshaped(call.writer, rolled(call, line, 0, shifts[0]), x.type.shape);
};

function rolled(call: Call, x: Value, axis: number, shift: number): Value {
  const size = knownSize(call, x, axis);
  const cut = size === 0 ? 0 : (((size - shift) % size) + size) % size;
  if (cut === 0) return x;
  return call.compute(concat, [sliceOf(call, x, axis, cut, size), sliceOf(call, x, axis, 0, cut)], { axis });
}

/** Quarter turns in the plane of two axes, from the first to the second. */
const rotating: Handler = (call) => {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const turns = ((given.integer("k") % 4) + 4) % 4;
  const [from, to] = given.exactly(2, "dims").map((axis) => call.axis(axis, x.type.shape.length));
  if (turns === 0) return x;
  if (turns === 2) return flipped(call, x, [from, to]);
  const permutation = [...x.type.shape.keys()].with(from, to).with(to, from);
  const turned = turns === 1 ? flipped(call, x, [to]) : x;
  const exchanged = call.compute(transpose, [turned], { permutation });
  return turns === 1 ? exchanged : flipped(call, exchanged, [to]);
};

/** A slice or an index of an axis with other contents. */
const sliceScattering: Handler = (call) => {
  const { arguments: given } = call;
  const [x, source] = [given.tensor("self"), given.tensor("src")];
  const axis = axisOf(call, x);
  const size = knownSize(call, x, axis);
  const start = positionOf(given.has("start") ? given.size("start") : 0, size) as number;
  const end = positionOf(given.has("end") ? given.size("end") : Number.MAX_SAFE_INTEGER, size) as number;
  return replaced(call, x, source, axis, start, end, given.integer("step"));
};

const selectScattering: Handler = (call) => {
  const { arguments: given } = call;
  const [x, source] = [given.tensor("self"), given.tensor("src")];
  const axis = axisOf(call, x);
  const index = positionOf(given.size("index"), knownSize(call, x, axis)) as number;
  const single = reshaped(call.writer, source, source.type.shape.toSpliced(axis, 0, 1));
  return replaced(call, x, single, axis, index, index + 1, 1);
};

/** `x` with `source` at start, start + step, … of an axis. */
export function replaced(
  call: Call,
  x: Value,
  source: Value,
  axis: number,
  start: number,
  end: number,
  step: number,
): Value {
  const size = knownSize(call, x, axis);
  if (step === 1) {
    const around = [sliceOf(call, x, axis, 0, start), source, sliceOf(call, x, axis, Math.max(start, end), size)];
    const present = around.filter(({ type }) => type.shape[axis] !== 0);
    return present.length === 1 ? present[0] : call.compute(concat, present, { axis });
  }
  const count = call.count(Math.max(0, Math.ceil((end - start) / step)));
  call.count(size);
  const places = Array.from({ length: size }, (_, at) => {
    const index = (at - start) / step;
    return Number.isInteger(index) && index >= 0 && index < count ? size + index : at;
  });
  const both = call.compute(concat, [x, source], { axis });
  return call.onnx("Gather", [both, call.writer.constant(fromNumbers("i32", [size], places))], { axis });
}

/** Operators that take data apart and put it together, by overload. */
export const slices: Readonly<Record<string, Handler>> = {
  "aten.slice.Tensor": slicing,
  "aten.slice_copy.Tensor": slicing,
  "aten.narrow.default": narrowing,
  "aten.narrow_copy.default": narrowing,
  "aten.select.int": selecting,
  "aten.select_copy.int": selecting,
  "aten.split.Tensor": (call) => partsOf(call, () => call.arguments.integer("split_size")),
  "aten.split_copy.Tensor": (call) => partsOf(call, () => call.arguments.integer("split_size")),
  "aten.chunk.default": (call) => partsOf(call, (size) => Math.ceil(size / call.arguments.integer("chunks"))),
  "aten.split.sizes": splittingBySizes,
  "aten.split_with_sizes.default": splittingBySizes,
  "aten.split_with_sizes_copy.default": splittingBySizes,
  "aten.unsafe_split.Tensor": (call) => partsOf(call, () => call.arguments.integer("split_size")),
  "aten.unsafe_chunk.default": (call) => partsOf(call, (size) => Math.ceil(size / call.arguments.integer("chunks"))),
  "aten.unsafe_split_with_sizes.default": splittingBySizes,
  "aten.tensor_split.sections": splittingEvenly,
  "aten.tensor_split.indices": splittingEvenly,
  "aten.unbind.int": unbinding,
  "aten.unbind_copy.int": unbinding,
  "aten.cat.default": concatenation,
  "aten.concat.default": concatenation,
  "aten.concatenate.default": concatenation,
  "aten.stack.default": stacking,
  "aten.flip.default": flipping,
  "aten.roll.default": rolling,
  "aten.rot90.default": rotating,
  "aten.slice_scatter.default": sliceScattering,
  "aten.select_scatter.default": selectScattering,
};
