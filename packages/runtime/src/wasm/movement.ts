import { allocate, elementCount, storageBytes, type Tensor, tensorOf, type Value, type ValueType } from "@millrace/ir";
import { conversions, storedPadding } from "../kernels/movement.ts";
import { type Block, blocksOf } from "./blocks.ts";
import type { Command } from "./commands.ts";
import { isByte } from "./convolution.ts";
import type { FastKernel, FastKernelFactory, FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import { byBytes, placeLookUp } from "./tables.ts";

/** More elements than this are not traced. */
export const mostElements = 2 ** 24;

/** An input whose elements are moved: the position of its first one, how many, and a table if they are replaced before. */
export interface Source {
  readonly value: Value;
  readonly first: number;
  readonly count: number;
  readonly table: Uint8Array | undefined;
}

export type MovingNode = Pick<FastNode, "node" | "typeOf">;

/** Inputs that hold data, with positions that never run on from one to the next. */
export function sourcesOf({ node, typeOf }: MovingNode, tables: ReturnType<typeof conversions>): readonly Source[] {
  const sources: Source[] = [];
  let first = 0;
  for (const [index, value] of node.inputs.entries()) {
    if (!value?.type.quantization) continue;
    const entry = tables[index];
    const count = elementCount(typeOf(value).shape);
    sources.push({ value, first, count, table: entry && Uint8Array.from(byBytes(entry.table, entry.from)) });
    first += count + 1;
  }
  return sources;
}

/** For every element of the outputs the position that it comes from, by the operator's own evaluation; -1 for padding. */
export function positionsOf(
  { node, typeOf }: MovingNode,
  sources: readonly Source[],
): readonly Int32Array[] | undefined {
  const moved = new Map(sources.map((source) => [source.value, source]));
  const positions = (value: Value): Tensor | undefined => {
    const source = moved.get(value);
    if (!source) return value.constant;
    const data = new Int32Array(source.count);
    for (let at = 0; at < data.length; at++) data[at] = source.first + at;
    return tensorOf("i32", typeOf(value).shape, data);
  };
  const inputs = node.inputs.map((value) => value && positions(value));
  if (node.inputs.some((value, index) => value && !inputs[index])) return undefined;
  const integers = (value: Value): ValueType => ({ dtype: "i32", shape: typeOf(value).shape });
  const types = node.inputs.map((value) => value && integers(value));
  const attributes = { ...node.attributes, ...("value" in node.attributes && { value: -1 }) };
  return node.op
    .evaluate?.(inputs, attributes, node.outputs.map(integers), types)
    .map(({ data }) => data as Int32Array);
}

/** The source of a position. */
function sourceAt(sources: readonly Source[], position: number): Source {
  let [low, high] = [0, sources.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sources[middle].first <= position) low = middle;
    else high = middle - 1;
  }
  return sources[low];
}

/** Writes as much padding as the longest run of it. */
function placePadding(layout: Layout, { node }: FastNode, blocks: readonly Block[]): number {
  const longest = blocks.reduce((most, { first, length }) => (first < 0 ? Math.max(most, length) : most), 0);
  if (longest === 0) return 0;
  const data = allocate(node.outputs[0].type.dtype, longest) as Int8Array;
  return layout.constant(data.fill(storedPadding(node)));
}

/** Writes the module's `Movement` of blocks of elements, `width` bytes each. */
export function placeMovement(
  layout: Layout,
  target: number,
  blocks: readonly Block[],
  width: number,
  locate: (position: number) => number,
): Command {
  const list = new Int32Array(4 * blocks.length);
  for (const [at, { first, length, runs, step }] of blocks.entries())
    list.set([locate(first), length * width, runs, step * width], 4 * at);
  const parameters = layout.constant(Int32Array.of(target, layout.constant(list), blocks.length));
  return { operation: "move", parameters };
}

/** Commands that replace what has a table, in working memory, and then move. */
function placeMovements(
  layout: Layout,
  fast: FastNode,
  sources: readonly Source[],
  moves: readonly (readonly Block[])[],
): readonly Command[] {
  const width = storageBytes(fast.node.outputs[0].type.dtype);
  const replacing = sources.flatMap(({ value, first, count, table }) =>
    table ? placeLookUp(layout, layout.addressOf(value), table, layout.scratch + first, count) : [],
  );
  const starts = new Map(
    sources.map((source) => [source, source.table ? layout.scratch + source.first : layout.addressOf(source.value)]),
  );
  const moving = moves.map((blocks, index): Command => {
    const padding = placePadding(layout, fast, blocks);
    const locate = (position: number) => {
      if (position < 0) return padding;
      const source = sourceAt(sources, position);
      return starts.get(source)! + width * (position - source.first);
    };
    return placeMovement(layout, layout.addressOf(fast.node.outputs[index]), blocks, width, locate);
  });
  return [...replacing, ...moving];
}

/** Blocks for every output, if they are few beside the elements that they move. */
function movesOf(fast: FastNode, sources: readonly Source[]): readonly (readonly Block[])[] | undefined {
  const positions = positionsOf(fast, sources);
  const moves = positions?.map((list) =>
    blocksOf(list, Math.max(1024, list.length / 4), (position) => sourceAt(sources, position)),
  );
  return moves?.every((blocks) => blocks !== undefined) ? moves : undefined;
}

/** A node that moves elements; `tablesOf` gives tables for inputs that have to be brought to the result's parameters. */
function moveElements(fast: FastNode, tables: ReturnType<typeof conversions>): FastKernel | undefined {
  const { node, typeOf } = fast;
  const sources = sourcesOf(fast, tables);
  const values = [...sources.map(({ value }) => value), ...node.outputs];
  const elements = values.reduce((sum, value) => sum + elementCount(typeOf(value).shape), 0);
  if (elements > mostElements || values.some(({ type }) => type.dtype !== values[0].type.dtype)) return undefined;
  const replaced = sources.filter(({ table }) => table !== undefined);
  if (replaced.some(({ value }) => !isByte(value))) return undefined;
  const moves = movesOf(fast, sources);
  if (moves === undefined) return undefined;
  return {
    reads: sources.map(({ value }) => value),
    scratch: replaced.length > 0 ? elements : 0,
    place: (layout) => placeMovements(layout, fast, sources, moves),
  };
}

/** Operators that move stored integers without reading them. */
export const fastMovement: FastKernelFactory = (fast) => moveElements(fast, []);

/** Operators that move stored integers of several inputs on one output's parameters. */
export const fastJoining: FastKernelFactory = (fast) => moveElements(fast, conversions(fast.node, fast.context));
