import { elementCount, type Node, sameQuantization, type Value } from "@millrace/ir";
import {
  type Block,
  blocksOf,
  conversions,
  positionsOf,
  type Source,
  sourcesOf,
  storedPadding,
} from "@millrace/runtime";
import { fill } from "../commands/fill.ts";
import { lookUp } from "../commands/look-up.ts";
import { blockWords, move } from "../commands/move.ts";
import { firstOf, type Lowering, type Place, placeBehind, type Writer } from "./lowering.ts";
import { elementBytesOf, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** More elements are not traced. */
export const mostElements = 2 ** 24;
/** More blocks would be a longer list than they are worth. */
export const mostBlocks = 2 ** 14;

/** A block of an output, with where in it the block begins. */
export interface PlacedBlock extends Block {
  readonly to: number;
}

/** Blocks that follow one another in an output, whose numbers come from these positions of one source, or of several; undefined if they are too many. */
export function placedBlocks(
  positions: Int32Array,
  sourceOf: (position: number) => unknown = () => 0,
): readonly PlacedBlock[] | undefined {
  let end = 0;
  return blocksOf(positions, mostBlocks, sourceOf)?.map((block) => {
    const to = end;
    end += block.length * block.runs;
    return { ...block, to };
  });
}

const typed = (node: Node) => ({ node, typeOf: (value: Value | undefined) => ({ shape: sizesOf(value!) }) });

/** The blocks of every output by the source they come from; under -1 is padding. Undefined if there are too many. */
function blocksBySource(
  node: Node,
  sources: readonly Source[],
): readonly ReadonlyMap<number, PlacedBlock[]>[] | undefined {
  const positions = positionsOf(typed(node), sources);
  const sourceOf = (position: number) => sources.findLastIndex(({ first }) => first <= position);
  const all = positions?.map((list) => placedBlocks(list, sourceOf));
  if (all === undefined || all.includes(undefined)) return undefined;
  return (all as readonly (readonly PlacedBlock[])[]).map((blocks) => {
    const groups = new Map<number, PlacedBlock[]>();
    for (const block of blocks) {
      const key = block.first < 0 ? -1 : sourceOf(block.first);
      const group = groups.get(key) ?? [];
      groups.set(key, group);
      group.push(block);
    }
    return groups;
  });
}

function moving(tablesOf: (node: Node, writer: Pick<Writer, "context">) => ReturnType<typeof conversions>): Lowering {
  return {
    moves: true,
    refuse(node, machine) {
      const refusal = refuseNumbers(node, machine);
      if (refusal) return refusal;
      const data = node.inputs.filter((value) => value?.type.quantization) as Value[];
      const elements = [...data, ...node.outputs].reduce((sum, value) => sum + elementCount(sizesOf(value)), 0);
      return (
        firstOf(
          [data.some(({ type }) => type.dtype !== node.outputs[0].type.dtype), "its values are of different types"],
          [elements > mostElements, "it moves too many numbers"],
          [
            node.inputs.some((value) => value && !value.type.quantization && !value.constant),
            "what it moves is only known when it runs",
          ],
        ) ?? firstOf([blocksBySource(node, sourcesOf(typed(node), [])) === undefined, "it moves too many pieces"])
      );
    },
    write(node, writer) {
      const sources = sourcesOf(typed(node), tablesOf(node, writer));
      const places = sources.map((source) => converted(source, writer));
      for (const [index, groups] of blocksBySource(node, sources)!.entries()) {
        const output = node.outputs[index];
        const resultBytes = elementBytesOf(output);
        const parts = [...groups].map(([key, blocks]) => ({
          key,
          blocks,
          lying: lyingAt(places, sources, key, blocks),
        }));
        const [{ lying }] = parts;
        if (parts.length === 1 && lying && lying.buffer.contents === undefined) {
          writer.share(output, lying);
          continue;
        }
        const target = writer.placeOf(output);
        const length = elementCount(sizesOf(output));
        if (groups.has(-1)) writer.emit(fill, { output: target, length, resultBytes, value: storedPadding(node) });
        for (const { key, blocks, lying } of parts) {
          const isThere = lying && samePlace(lying, placeBehind(target, blocks[0].to * resultBytes));
          if (key >= 0 && !isThere) writeMoves(writer, sources[key], places[key], target, blocks, resultBytes);
        }
      }
    },
  };
}

/** Where blocks of a source lie that are one run of its bytes; undefined if they are not. */
function lyingAt(
  places: readonly Place[],
  sources: readonly Source[],
  key: number,
  blocks: readonly PlacedBlock[],
): Place | undefined {
  const [{ first, runs }] = blocks;
  return key >= 0 && blocks.length === 1 && runs === 1
    ? placeBehind(places[key], (first - sources[key].first) * elementBytesOf(sources[key].value))
    : undefined;
}

function samePlace(a: Place, b: Place): boolean {
  return a.buffer === b.buffer && a.offset === b.offset;
}

/** Where a source's numbers lie on the output's parameters. */
function converted({ value, count, table }: Source, writer: Writer): Place {
  const place = writer.placeOf(value);
  if (table === undefined) return place;
  const output = writer.scratch(count);
  const signed = Uint8Array.from({ length: 256 }, (_, at) => table[(at + 128) & 0xff]);
  writer.emit(lookUp, { input: place, output, length: count, resultBytes: 1, table: writer.constant(signed) });
  return output;
}

/** Moves blocks of a source's elements, of so many bytes each, in the order in which they lie in the output. */
export function writeMoves(
  writer: Writer,
  source: Pick<Source, "first" | "count">,
  input: Place,
  output: Place,
  blocks: readonly PlacedBlock[],
  elementBytes = 1,
): void {
  movesOf(writer, source, blocks, elementBytes)(input, output);
}

/** What moves the same blocks between any two places, with one list of them. */
export function movesOf(
  writer: Writer,
  source: Pick<Source, "first" | "count">,
  blocks: readonly PlacedBlock[],
  elementBytes = 1,
): (input: Place, output: Place) => void {
  const start = blocks[0].to;
  const last = blocks[blocks.length - 1];
  const words = blocks.flatMap(({ first, length, runs, step, to }) => [
    (to - start) * elementBytes,
    (first - source.first) * elementBytes,
    length * elementBytes,
    runs,
    step * elementBytes,
  ]);
  const fields = {
    inputBytes: source.count * elementBytes,
    outputBytes: (last.to + last.length * last.runs - start) * elementBytes,
    blocks: writer.constant(Int32Array.from(words)),
    count: words.length / blockWords,
    moved: blocks.reduce((sum, { length, runs }) => sum + length * runs * elementBytes, 0),
  };
  return (input, output) => writer.emit(move, { ...fields, input, output: placeBehind(output, start * elementBytes) });
}

/** Operators that move stored integers; a result that is one run of the bytes of a value lies where these do. */
export const movement: Lowering = moving(() => []);

const converting = moving((node, { context }) => conversions(node, context));

/** Operators that bring several values, if they are bytes, to one output's parameters and move them, unless these are written where they belong at once. */
export const joining: Lowering = {
  ...converting,
  refuse(node, machine) {
    const parameters = [...(node.inputs as Value[]), ...node.outputs].map(({ type }) => type.quantization?.scale[0]);
    const isWords = node.outputs[0].type.dtype === "i16";
    return (
      converting.refuse(node, machine) ??
      firstOf([isWords && new Set(parameters).size > 1, "its int16 values have different scales"])
    );
  },
  placeInputs(node, { placeOf, offer }) {
    const [output] = node.outputs;
    const axis = node.attributes.axis as number;
    if (
      sizesOf(output)
        .slice(0, axis)
        .some((size) => size !== 1)
    )
      return;
    let place = placeOf(output);
    for (const value of node.inputs as readonly Value[]) {
      if (sameQuantization(value.type.quantization, output.type.quantization)) offer(value, place);
      place = placeBehind(place, elementCount(sizesOf(value)) * elementBytesOf(value));
    }
  },
};

/** Operators that only call the same bytes another shape. */
export const renaming: Lowering = {
  moves: true,
  refuse: refuseNumbers,
  write: (node, writer) => writer.share(node.outputs[0], writer.placeOf(node.inputs[0]!)),
};
