import {
  broadcastShapes,
  type Dimension,
  divideDimensions,
  elementCount,
  type Shape,
  sameShape,
  type Value,
} from "@millrace/ir";
import { expand } from "@millrace/ops";
import { permuted as permutedAxes, reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

/** The shape with its one -1 replaced by what is left of the elements. */
function resolved(call: Call, source: Shape, target: Shape): Shape {
  const open = target.indexOf(-1);
  const others = elementCount(target.toSpliced(open, open < 0 ? 0 : 1));
  const total = elementCount(source);
  if (open < 0) return target;
  if (others === 0 || target.lastIndexOf(-1) !== open)
    return call.invalid(`the shape [${target}] does not tell its open size`);
  return target.with(open, divideDimensions(total, others));
}

function checkedReshape(call: Call, x: Value, target: Shape): Value {
  const shape = resolved(call, x.type.shape, target);
  const [from, to] = [elementCount(x.type.shape), elementCount(shape)];
  if (typeof from === "number" && typeof to === "number" && from !== to)
    return call.invalid(`${from} elements can't have the shape [${target}]`);
  return reshaped(call.writer, x, shape);
}

function reshaping(size: string): Handler {
  return (call) => checkedReshape(call, call.arguments.tensor("self"), call.arguments.sizes(size));
}

function likeOther(call: Call): Value {
  return checkedReshape(call, call.arguments.tensor("self"), call.arguments.tensor("other").type.shape);
}

function flattening(call: Call): Value {
  const x = call.arguments.tensor("self");
  const { shape } = x.type;
  if (shape.length === 0) return reshaped(call.writer, x, [1]);
  const [start, end] = ["start_dim", "end_dim"].map((name) => call.axis(call.arguments.integer(name), shape.length));
  return reshaped(call.writer, x, [
    ...shape.slice(0, start),
    elementCount(shape.slice(start, end + 1)),
    ...shape.slice(end + 1),
  ]);
}

function unflattening(call: Call): Value {
  const x = call.arguments.tensor("self");
  const { shape } = x.type;
  const axis = call.axis(call.arguments.integer("dim"), shape.length);
  const sizes = resolved(call, [shape[axis]], call.arguments.sizes("sizes"));
  return reshaped(call.writer, x, shape.toSpliced(axis, 1, ...sizes));
}

/** Drops those of the axes that have size 1. */
function squeezed(call: Call, axes: readonly number[] | undefined): Value {
  const x = call.arguments.tensor("self");
  const { shape } = x.type;
  if (shape.length === 0) return x;
  const dropped = axes?.map((axis) => call.axis(axis, shape.length)) ?? [...shape.keys()];
  return reshaped(
    call.writer,
    x,
    shape.filter((size, axis) => size !== 1 || !dropped.includes(axis)),
  );
}

function unsqueezing(call: Call): Value {
  const x = call.arguments.tensor("self");
  const { shape } = x.type;
  return reshaped(call.writer, x, shape.toSpliced(call.axis(call.arguments.integer("dim"), shape.length + 1), 0, 1));
}

export function permuted(call: Call, x: Value, permutation: readonly number[]): Value {
  if (permutation.every((axis, at) => axis === at)) return x;
  return permutedAxes(call.writer, x, permutation);
}

function permuting(call: Call): Value {
  const x = call.arguments.tensor("self");
  const axes = call.arguments.integers("dims").map((axis) => call.axis(axis, x.type.shape.length));
  return permuted(call, x, axes);
}

function exchanging(first: string, second: string): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    const rank = x.type.shape.length;
    if (rank === 0) return x;
    const [a, b] = [first, second].map((name) => call.axis(call.arguments.integer(name), rank));
    return permuted(call, x, [...x.type.shape.keys()].with(a, b).with(b, a));
  };
}

function turned(call: Call): Value {
  const x = call.arguments.tensor("self");
  return permuted(call, x, [...x.type.shape.keys()].reverse());
}

function matrixTurned(call: Call): Value {
  const x = call.arguments.tensor("self");
  const axes = [...x.type.shape.keys()];
  return permuted(call, x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}

/** Some axes put elsewhere, the others in their order. */
function moving(call: Call): Value {
  const x = call.arguments.tensor("self");
  const rank = x.type.shape.length;
  const [from, to] = ["source", "destination"].map((name) =>
    call.arguments.integers(name).map((axis) => call.axis(axis, rank)),
  );
  const others = [...x.type.shape.keys()].filter((axis) => !from.includes(axis));
  const rest = others.values();
  return permuted(
    call,
    x,
    Array.from({ length: rank }, (_, at) => (to.includes(at) ? from[to.indexOf(at)] : rest.next().value!)),
  );
}

/** Repeats axes of size 1; -1 leaves a size as it is. */
export function expanded(call: Call, x: Value, target: Shape): Value {
  const added = target.length - x.type.shape.length;
  const own = [...new Array<Dimension>(Math.max(0, added)).fill(1), ...x.type.shape];
  const shape = target.map((size, axis) => (size === -1 ? own[axis] : size));
  return sameShape(shape, x.type.shape) ? x : call.compute(expand, [x], { shape });
}

function broadcasting(call: Call): readonly Value[] {
  const tensors = call.arguments.someTensors("tensors");
  const shape = tensors
    .map(({ type }) => type.shape)
    .reduce((a, b) => broadcastShapes(a, b) ?? call.invalid(`[${a}] and [${b}] do not broadcast`));
  return tensors.map((tensor) => expanded(call, tensor, shape));
}

/** All of the data put side by side, along further axes before its own too. */
function repeating(repeats: string): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    const given = call.arguments.integers(repeats);
    const rank = Math.max(given.length, x.type.shape.length);
    const counts = [...new Array<number>(rank - given.length).fill(1), ...given];
    const shape = [...new Array<Dimension>(rank - x.type.shape.length).fill(1), ...x.type.shape];
    return call.onnx("Tile", [reshaped(call.writer, x, shape), call.integers(counts)]);
  };
}

/** Every element repeated on the spot. */
function repeatingElements(call: Call): Value {
  const { arguments: given } = call;
  const own = given.tensor("self");
  const x = given.has("dim") ? own : reshaped(call.writer, own, [elementCount(own.type.shape)]);
  const { shape } = x.type;
  const axis = call.axis(given.has("dim") ? given.integer("dim") : 0, shape.length);
  const count = given.integer("repeats");
  const apart = reshaped(call.writer, x, shape.toSpliced(axis + 1, 0, 1));
  const all = expanded(call, apart, shape.toSpliced(axis + 1, 0, count));
  return reshaped(call.writer, all, shape.with(axis, elementCount([shape[axis], count])));
}

function shuffling(type: "DepthToSpace" | "SpaceToDepth", factor: string): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    const size = call.arguments.integer(factor);
    if (size < 1) return call.invalid(`its factor is ${size}`);
    if (type === "DepthToSpace") return call.onnx(type, [x], { blocksize: size, mode: "CRD" });
    return unshuffled(call, x, size);
  };
}

/** [n, c, h · f, w · f] as [n, c · f · f, h, w], channel by channel. */
function unshuffled(call: Call, x: Value, factor: number): Value {
  if (x.type.shape.length < 3) return call.invalid(`its data has ${x.type.shape.length} axes`);
  const lead = x.type.shape.slice(0, -3);
  const [channels, height, width] = x.type.shape.slice(-3);
  const [rows, columns] = [height, width].map((size) => divideDimensions(size, factor));
  const apart = reshaped(call.writer, x, [elementCount(lead), channels, rows, factor, columns, factor]);
  const grouped = permuted(call, apart, [0, 1, 3, 5, 2, 4]);
  return reshaped(call.writer, grouped, [...lead, elementCount([channels, factor * factor]), rows, columns]);
}

/** Channels taken in turns from groups of them. */
function channelShuffling(call: Call): Value {
  const x = call.arguments.tensor("self");
  const groups = call.arguments.integer("groups");
  const [batch, channels, ...rest] = x.type.shape;
  if (channels === undefined || groups < 1) return call.invalid(`it has ${groups} groups of ${channels} channels`);
  const area = elementCount(rest);
  const apart = reshaped(call.writer, x, [batch, groups, divideDimensions(channels, groups), area]);
  return reshaped(call.writer, permuted(call, apart, [0, 2, 1, 3]), x.type.shape);
}

/** Operators on the shape of data, by overload. */
export const shapes: Readonly<Record<string, Handler>> = {
  "aten.view.default": reshaping("size"),
  "aten.view_copy.default": reshaping("size"),
  "aten._unsafe_view.default": reshaping("size"),
  "aten.reshape.default": reshaping("shape"),
  "aten._reshape_copy.default": reshaping("size"),
  "aten.reshape_as.default": likeOther,
  "aten.view_as.default": likeOther,
  "aten.flatten.using_ints": flattening,
  "aten.ravel.default": (call) =>
    reshaped(call.writer, call.arguments.tensor("self"), [elementCount(call.arguments.tensor("self").type.shape)]),
  "aten.unflatten.int": unflattening,
  "aten.squeeze.default": (call) => squeezed(call, undefined),
  "aten.squeeze.dim": (call) => squeezed(call, [call.arguments.integer("dim")]),
  "aten.squeeze.dims": (call) => squeezed(call, call.arguments.integers("dim")),
  "aten.squeeze_copy.dims": (call) => squeezed(call, call.arguments.integers("dim")),
  "aten.unsqueeze.default": unsqueezing,
  "aten.unsqueeze_copy.default": unsqueezing,
  "aten.permute.default": permuting,
  "aten.permute_copy.default": permuting,
  "aten.transpose.int": exchanging("dim0", "dim1"),
  "aten.transpose_copy.int": exchanging("dim0", "dim1"),
  "aten.swapaxes.default": exchanging("axis0", "axis1"),
  "aten.swapdims.default": exchanging("dim0", "dim1"),
  "aten.t.default": turned,
  "aten.t_copy.default": turned,
  "aten.numpy_T.default": turned,
  "aten.mT.default": matrixTurned,
  "aten.movedim.int": moving,
  "aten.movedim.intlist": moving,
  "aten.moveaxis.int": moving,
  "aten.moveaxis.intlist": moving,
  "aten._reshape_alias.default": reshaping("size"),
  "aten.broadcast_tensors.default": broadcasting,
  "aten.expand.default": (call) => expanded(call, call.arguments.tensor("self"), call.arguments.sizes("size")),
  "aten.expand_copy.default": (call) => expanded(call, call.arguments.tensor("self"), call.arguments.sizes("size")),
  "aten.broadcast_to.default": (call) => expanded(call, call.arguments.tensor("self"), call.arguments.sizes("size")),
  "aten.expand_as.default": (call) =>
    expanded(call, call.arguments.tensor("self"), call.arguments.tensor("other").type.shape),
  "aten.repeat.default": repeating("repeats"),
  "aten.tile.default": repeating("dims"),
  "aten.repeat_interleave.self_int": repeatingElements,
  "aten.pixel_shuffle.default": shuffling("DepthToSpace", "upscale_factor"),
  "aten.pixel_unshuffle.default": shuffling("SpaceToDepth", "downscale_factor"),
  "aten.channel_shuffle.default": channelShuffling,
  "aten.native_channel_shuffle.default": channelShuffling,
};
