import { type Dimension, fromNumbers, type Value } from "@millrace/ir";
import { concat, matmul, mul, reduceMax } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { continued } from "../../onnx/ops/padding.ts";
import type { Call, Handler } from "../call.ts";
import { sliceOf } from "./slicing.ts";
import { perAxis, withBatch } from "./spatial.ts";

/** The window of a pooling node; without a stride, windows stand side by side. */
function windowOf(call: Call, rank: number) {
  const { arguments: given } = call;
  const kernel = perAxis(call, "kernel_size", given.integers("kernel_size"), rank);
  const stride = given.integers("stride");
  const pads = perAxis(call, "padding", given.integers("padding"), rank);
  return {
    kernel_shape: kernel,
    strides: stride.length === 0 ? kernel : perAxis(call, "stride", stride, rank),
    pads: [...pads, ...pads],
    ceil_mode: Number(given.flag("ceil_mode")),
  };
}

/** Greatest elements, and their places in each image where they are read. */
function maxPool(rank: number): Handler {
  return (call) => {
    const { arguments: given } = call;
    const x = given.tensor("self");
    const attributes = {
      ...windowOf(call, rank),
      dilations: perAxis(call, "dilation", given.integers("dilation"), rank),
    };
    if (!call.wants(1))
      return [withBatch(call, x, rank, (batch) => call.onnx("MaxPool", [batch], attributes)), undefined];
    const isBatch = x.type.shape.length === rank + 2;
    if (!isBatch)
      call.unsupported("its data has no batch, and the places of maxima are read", "Give the data a batch.");
    const [maxima, places] = call.onnxAll("MaxPool", [x], attributes, ["maxima", "places"]);
    return [maxima, places && withinImages(call, places)];
  };
}

/** ONNX counts places through the whole tensor, PyTorch within each image. */
function withinImages(call: Call, places: Value): Value {
  const { shape } = call.arguments.tensor("self").type;
  const area = shape.slice(2).reduce<Dimension>((product, size) => Number(product) * Number(size), 1);
  return call.onnx("Mod", [places, call.writer.constant(fromNumbers(places.type.dtype, [], [Number(area)]))]);
}

function averagePool(rank: number): Handler {
  return (call) => {
    const { arguments: given } = call;
    const window = windowOf(call, rank);
    const attributes = { ...window, count_include_pad: Number(given.flag("count_include_pad")) };
    const isDivided = given.given("divisor_override") !== undefined && given.has("divisor_override");
    return withBatch(call, given.tensor("self"), rank, (batch) =>
      isDivided ? dividedSums(call, batch, window) : call.onnx("AveragePool", [batch], attributes),
    );
  };
}

/** Sums of windows by a divisor of the node's own: means of whole windows, of which zeros around the data make up what lies outside. */
function dividedSums(call: Call, x: Value, { kernel_shape, strides, pads, ceil_mode }: ReturnType<typeof windowOf>) {
  const befores = pads.slice(0, kernel_shape.length);
  const afters = befores.map((pad, axis) => {
    const size = x.type.shape[axis + 2];
    if (!ceil_mode) return pad;
    if (typeof size !== "number")
      return call.unsupported(`the size ${size} of its data is open`, "Give the sizes of the model's inputs.");
    const room = size + 2 * pad - kernel_shape[axis];
    const last = Math.ceil(room / strides[axis]) * strides[axis];
    return last >= size + pad ? pad : pad + last - room;
  });
  const whole = continued(call.writer, x, [0, 0, ...befores], [0, 0, ...afters], "constant", 0);
  const means = call.onnx("AveragePool", [whole], { kernel_shape, strides });
  const count = kernel_shape.reduce((product, size) => product * size, 1);
  return formulaOf(call.writer)(mul, means, count / call.arguments.integer("divisor_override"));
}

/** Windows that cover an axis in `to` steps, which overlap or differ in size where that does not go evenly. */
function adaptiveWindows(call: Call, from: number, to: number): readonly (readonly [start: number, end: number])[] {
  call.count(to);
  return Array.from({ length: to }, (_, at) => [Math.floor((at * from) / to), Math.ceil(((at + 1) * from) / to)]);
}

interface Adaptive {
  /** ONNX's operators for windows side by side, and for one window. */
  readonly pool: string;
  readonly global: string;
  /** One axis into windows of different sizes. */
  along(call: Call, x: Value, axis: number, to: number): Value;
}

const average: Adaptive = { pool: "AveragePool", global: "GlobalAveragePool", along: averageAlong };
const maximum: Adaptive = { pool: "MaxPool", global: "GlobalMaxPool", along: maximumAlong };

function adaptivePool(rank: number, kind: Adaptive): Handler {
  return (call) => {
    const targets = perAxis(call, "output_size", call.arguments.integers("output_size"), rank);
    if (call.wants(1)) call.unsupported("the places of its maxima are read", "Use max_pool with a kernel instead.");
    const x = call.arguments.tensor("self");
    return [withBatch(call, x, rank, (batch) => adapted(call, batch, targets, kind)), undefined];
  };
}

function adapted(call: Call, x: Value, targets: readonly number[], kind: Adaptive): Value {
  const sizes = x.type.shape.slice(2);
  if (sizes.length !== targets.length)
    return call.invalid(`it has ${sizes.length} axes to pool, not ${targets.length}`);
  if (!targets.every((size) => size === -1 || size >= 1)) return call.invalid(`its output_size is [${targets}]`);
  const wanted = targets.map((size, axis) => (size === -1 ? Number(sizes[axis]) : size));
  if (wanted.every((size) => size === 1)) return call.onnx(kind.global, [x]);
  if (sizes.some((size) => typeof size === "string"))
    return call.unsupported(`the size [${sizes}] of its data is open`, "Give the sizes of the model's inputs.");
  const known = sizes as readonly number[];
  if (known.every((size, axis) => size % wanted[axis] === 0)) {
    const kernel = known.map((size, axis) => size / wanted[axis]);
    return kernel.every((size) => size === 1)
      ? x
      : call.onnx(kind.pool, [x], { kernel_shape: kernel, strides: kernel });
  }
  return wanted.reduce((value, to, axis) => (known[axis] === to ? value : kind.along(call, value, axis + 2, to)), x);
}

/** Means of windows are a product with a matrix of shares. */
function averageAlong(call: Call, x: Value, axis: number, to: number): Value {
  const { shape } = x.type;
  const from = shape[axis] as number;
  const shares = new Float64Array(call.count(from * to));
  for (const [column, [start, end]] of adaptiveWindows(call, from, to).entries())
    for (let row = start; row < end; row++) shares[row * to + column] = 1 / (end - start);
  const last = shape.length - 1;
  const permutation = [...shape.keys()].with(axis, last).with(last, axis);
  const turn = (value: Value) => (axis === last ? value : call.onnx("Transpose", [value], { perm: permutation }));
  const matrix = call.writer.constant(fromNumbers("f32", [from, to], shares));
  return turn(call.compute(matmul, [turn(x), matrix], { transposeA: false, transposeB: false }));
}

function maximumAlong(call: Call, x: Value, axis: number, to: number): Value {
  const windows = adaptiveWindows(call, x.type.shape[axis] as number, to).map(([start, end]) =>
    call.compute(reduceMax, [sliceOf(call, x, axis, start, end)], { axes: [axis], keepDims: true }),
  );
  return windows.length === 1 ? windows[0] : call.compute(concat, windows, { axis });
}

/** Pooling, by overload. */
export const pooling: Readonly<Record<string, Handler>> = {
  "aten.max_pool1d.default": maxPool(1),
  "aten.max_pool2d.default": maxPool(2),
  "aten.max_pool3d.default": maxPool(3),
  "aten.max_pool1d_with_indices.default": maxPool(1),
  "aten.max_pool2d_with_indices.default": maxPool(2),
  "aten.max_pool3d_with_indices.default": maxPool(3),
  "aten.avg_pool1d.default": averagePool(1),
  "aten.avg_pool2d.default": averagePool(2),
  "aten.avg_pool3d.default": averagePool(3),
  "aten.adaptive_avg_pool1d.default": adaptivePool(1, average),
  "aten.adaptive_avg_pool2d.default": adaptivePool(2, average),
  "aten.adaptive_avg_pool3d.default": adaptivePool(3, average),
  "aten._adaptive_avg_pool2d.default": adaptivePool(2, average),
  "aten._adaptive_avg_pool3d.default": adaptivePool(3, average),
  "aten.adaptive_max_pool1d.default": adaptivePool(1, maximum),
  "aten.adaptive_max_pool2d.default": adaptivePool(2, maximum),
  "aten.adaptive_max_pool3d.default": adaptivePool(3, maximum),
};
