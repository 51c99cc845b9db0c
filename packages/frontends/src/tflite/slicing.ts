import type { TfliteTable } from "@millrace/formats/tflite";
import { type Dimension, numbersOf, type Shape, subtractDimensions } from "@millrace/ir";
import {
  allInputs,
  type Call,
  checkedAxis,
  constantInput,
  input,
  integerInput,
  invalid,
  neededOptions,
  optionsOf,
  statedShape,
} from "./call.ts";
import { finishLate, isComputed } from "./computed-parameters.ts";
import { finish, step } from "./emit.ts";
import { takes } from "./importer.ts";
import { type Range, stridedRanges } from "./strided-slice.ts";

/** SLICE; a size of -1 stands for all that is left. */
export const slice = takes(3, 3, (call) => {
  const x = input(call, 0);
  const { shape } = x.type;
  const [starts, sizes] = [integerInput(call, 1), integerInput(call, 2)];
  if (starts.length !== shape.length || sizes.length !== shape.length) {
    invalid(call, `[${starts}] and [${sizes}] do not name a start and a size for each axis of [${shape}]`);
  }
  finish(call, "slice", [x], {
    starts,
    sizes: sizes.map((size, axis) => (size === -1 ? subtractDimensions(shape[axis], starts[axis]) : size)),
    steps: shape.map(() => 1),
  });
});

/** STRIDED_SLICE picks ranges, drops axes picked at one index and adds new ones. */
export const stridedSlice = takes(4, 4, (call) => {
  const x = input(call, 0);
  const { shape } = x.type;
  const options = neededOptions(call, "StridedSliceOptions");
  if ([1, 2, 3].some((position) => isComputed(call, position)) && isPlain(options, input(call, 1).type.shape, shape))
    return finishLate(call, "dynamicSlice", {});
  const [begin, stated, strides] = [1, 2, 3].map((position) => integerInput(call, position));
  if (begin.length !== stated.length || begin.length !== strides.length) {
    invalid(call, `it has ${begin.length} starts, ${stated.length} ends and ${strides.length} steps`);
  }
  const end = options.offset ? stated.map((value, index) => begin[index] + value) : stated;
  const { ranges, result } = stridedRanges(shape, { ...options, begin, end, strides }, (why) => invalid(call, why));
  const attributes = {
    starts: ranges.map(({ start }) => start),
    sizes: ranges.map(({ size }) => size),
    steps: ranges.map((range) => range.step),
  };
  const kept = result.length === ranges.length && result.every((size, axis) => size === ranges[axis].size);
  if (kept) return finish(call, "slice", [x], attributes);
  const part = ranges.every((range, axis) => isWhole(range, shape[axis]))
    ? [x]
    : step(call, "slice", [x], attributes, [x.type]);
  finish(call, "reshape", part, { shape: result });
});

/** Whether no mask is set and every axis has an entry. */
function isPlain(options: TfliteTable<"StridedSliceOptions">, entries: Shape, shape: Shape): boolean {
  const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask, offset } = options;
  const masks = beginMask | endMask | ellipsisMask | newAxisMask | shrinkAxisMask;
  return masks === 0 && !offset && entries[0] === shape.length;
}

function isWhole({ start, size, step }: Range, length: Dimension): boolean {
  return start === 0 && size === length && step === 1;
}

/** [before, after] of each axis. */
function paddings(call: Call): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const { shape } = constantInput(call, 1);
  const rank = input(call, 0).type.shape.length;
  if (shape.length !== 2 || shape[0] !== rank || shape[1] !== 2) {
    invalid(call, `its padding has the shape [${shape}] instead of [${rank},2]`);
  }
  const numbers = integerInput(call, 1);
  return { before: numbers.filter((_, at) => at % 2 === 0), after: numbers.filter((_, at) => at % 2 === 1) };
}

export const pad = takes(2, 2, (call) => {
  if (isComputed(call, 1)) return finishLate(call, "dynamicPad", { mode: "constant", value: 0 });
  finish(call, "pad", [input(call, 0)], { ...paddings(call), mode: "constant", value: 0 });
});

/** PADV2; the value is what its constant stands for. */
export const padV2 = takes(3, 3, (call) => {
  const [stored, ...others] = Array.from(numbersOf(constantInput(call, 2)));
  if (stored === undefined || others.length > 0) invalid(call, "the value to pad with is not one number");
  const { quantization } = input(call, 2).type;
  const value = quantization ? (stored - quantization.zeroPoint[0]) * quantization.scale[0] : stored;
  const [known, [x, counts]] = [{ mode: "constant", value }, allInputs(call)];
  if (isComputed(call, 1)) return finish(call, "dynamicPad", [x, counts], { ...known, shape: statedShape(call) });
  finish(call, "pad", [x], { ...paddings(call), ...known });
});

export const mirrorPad = takes(2, 2, (call) => {
  const mode = neededOptions(call, "MirrorPadOptions").mode === "REFLECT" ? "reflect" : "symmetric";
  if (isComputed(call, 1)) return finishLate(call, "dynamicPad", { mode, value: 0 });
  finish(call, "pad", [input(call, 0)], { ...paddings(call), mode, value: 0 });
});

/** REVERSE_V2 reads the given axes from their ends. */
export const reverse = takes(2, 2, (call) => {
  const x = input(call, 0);
  const { shape } = x.type;
  const axes = new Set(integerInput(call, 1).map((axis) => checkedAxis(call, axis, shape.length)));
  finish(call, "slice", [x], {
    starts: shape.map((size, axis) => (axes.has(axis) ? lastOf(call, size) : 0)),
    sizes: shape,
    steps: shape.map((_, axis) => (axes.has(axis) ? -1 : 1)),
  });
});

function lastOf(call: Call, size: Dimension): number {
  return typeof size === "number"
    ? Math.max(0, size - 1)
    : invalid(call, `it reverses an axis of the open size ${size}`);
}

export const gatherNd = takes(2, 2, (call) => finish(call, "gatherNd", [input(call, 0), input(call, 1)], {}));

export const gather = takes(2, 2, (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)];
  const { axis = 0, batchDims = 0 } = optionsOf(call, "GatherOptions") ?? {};
  const along = checkedAxis(call, axis, data.type.shape.length);
  if (batchDims === 0) return finish(call, "gather", [data, indices], { axis: along });
  const batchAxes = batchDims < 0 ? batchDims + indices.type.shape.length : batchDims;
  finish(call, "gatherBatched", [data, indices], { axis: along, batchAxes });
});

/** SCATTER_ND to a shape that is known. */
export const scatterNd = takes(3, 3, (call) =>
  finish(call, "scatterNd", [input(call, 0), input(call, 1)], { shape: integerInput(call, 2) }),
);

export const dynamicUpdateSlice = takes(3, 3, (call) =>
  finish(call, "dynamicUpdateSlice", [input(call, 0), input(call, 1), input(call, 2)], {}),
);
