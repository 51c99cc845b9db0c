import { move } from "../../commands/move.ts";
import { type Buffer, firstOf, type Place } from "../../lowering/lowering.ts";
import type { Machine } from "../../machine.ts";
import type { Region } from "../../region.ts";
import type { NodeDraft } from "../draft.ts";
import { type BundledConstants, Bundles } from "./bundles.ts";
import { type Group, splitChannels, splitRows } from "./group.ts";
import { copyOf, type Slice, sliceOf } from "./slice.ts";
import { byBuffer, hullOf, touchedBy } from "./touched.ts";

/** A command of the array with what has to come to memory for it, and what goes out after it. */
export interface Job {
  readonly command: NodeDraft;
  readonly ins: readonly NodeDraft[];
  readonly outs: readonly NodeDraft[];
}

export interface Surroundings {
  readonly machine: Machine;
  /** Buffers that lie in the memory of the array. */
  readonly near: ReadonlySet<Buffer>;
  /** Whether constants have to be copied there. */
  readonly staged: boolean;
  readonly constants: BundledConstants;
}

/** In how many parts a group is computed: of what it writes, and of the channels whose weights come one part after the other for each of these. */
export interface Parts {
  readonly rows: number;
  readonly channels: number;
}

/** A group's jobs. Constants stay for all tiles unless they come in parts. */
export function jobsOf(group: Group, { rows, channels }: Parts, surroundings: Surroundings): readonly Job[] {
  const { machine, constants } = surroundings;
  const bundles = new Bundles(constants, channels === 1);
  const split = splitChannels(group, channels, machine);
  return splitRows(split, rows, machine).flatMap((commands) => jobsOfTile(split, commands, surroundings, bundles));
}

/** One tile: what its commands read comes in once, what they write goes out behind the last. */
function jobsOfTile(
  { output, isAlone, node }: Group,
  commands: readonly NodeDraft[],
  { machine, near, staged }: Surroundings,
  bundles: Bundles,
): readonly Job[] {
  const touched = commands.map((command) => touchedBy(command, machine));
  const written = touched.flatMap(({ writes }) => writes);
  const [start, end] = hullOf(written);
  const result: Slice | undefined = near.has(output) ? undefined : sliceOf(output, start, end, "result");
  const slices = new Map<Buffer, Slice[]>();
  const jobs = commands.map((command, index): Job => {
    const ins: NodeDraft[] = [];
    const moved = new Map<Buffer, Slice[]>(result && [[output, [result]]]);
    for (const [buffer, reads] of byBuffer(touched[index].reads)) {
      if (buffer.contents !== undefined || near.has(buffer)) continue;
      const [from, to] = hullOf(reads);
      if (buffer === output && from >= start && to <= end) {
        const place = { buffer: result!.tile, offset: from - start };
        if (index === 0) ins.push(copyOf({ buffer, offset: from }, place, to - from, node));
        continue;
      }
      const known = slices.get(buffer) ?? [];
      const same = known.find((slice) => slice.start === from && slice.end === to);
      const slice = same ?? sliceOf(buffer, from, to, "tile");
      if (same === undefined)
        ins.push(copyOf({ buffer, offset: from }, { buffer: slice.tile, offset: 0 }, to - from, node));
      slices.set(buffer, same ? known : [...known, slice]);
      moved.set(buffer, [...(moved.get(buffer) ?? []), slice]);
    }
    if (staged) ins.push(...bundles.stage(touched[index].reads, node, moved));
    return { command: relocated(command, moved), ins, outs: [] };
  });
  if (result === undefined || jobs.length === 0) return jobs;
  const regions: readonly Region[] = isAlone
    ? [{ address: start, bytes: end - start }]
    : written.map(({ region }) => region);
  const outs = regions.map((region) => outOf(region, output, result, node));
  return [...jobs.slice(0, -1), { ...jobs[jobs.length - 1], outs }];
}

function relocated(command: NodeDraft, moved: ReadonlyMap<Buffer, readonly Slice[]>): NodeDraft {
  const fields = Object.entries(command.fields).map(([name, field]) => {
    const slices = typeof field === "number" ? undefined : moved.get(field.buffer);
    if (slices === undefined) return [name, field];
    const { offset } = field as Place;
    const slice = slices.find(({ start, end }) => offset >= start && offset < end) ?? slices[0];
    return [name, { buffer: slice.tile, offset: offset - slice.start }];
  });
  return { ...command, fields: Object.fromEntries(fields) };
}

/** Has the bytes of a region of a result go out. */
function outOf(
  { address, bytes, axes = [] }: Region,
  output: Buffer,
  { tile, start }: Slice,
  node: NodeDraft["node"],
): NodeDraft {
  const places = [
    { buffer: tile, offset: address - start },
    { buffer: output, offset: address },
  ] as const;
  const [axis] = axes;
  if (axis === undefined) return copyOf(...places, bytes, node);
  const copy = copyOf(...places, bytes, node);
  return { ...copy, fields: { ...copy.fields, runs: axis.size, fromStep: axis.step, toStep: axis.step } };
}

/** Why the result of a group has to be in the memory of the array; undefined where it can lie in the outer one. */
export function refuseFar(
  { commands, output, isAlone }: Group,
  { machine, near }: Pick<Surroundings, "machine" | "near">,
): string | undefined {
  if (near.has(output)) return undefined;
  const touched = commands.map((command) => touchedBy(command, machine));
  const written = touched.flatMap(({ writes }) => writes);
  const [start, end] = hullOf(written);
  const isMixed = touched.some(({ reads, writes }) => {
    const own = reads.filter(({ buffer }) => buffer === output);
    if (own.length === 0) return false;
    const [[from, to], [first, last]] = [hullOf(own), hullOf(writes)];
    return !(to <= start || from >= end || (from === first && to === last));
  });
  const axes = isAlone ? 0 : Math.max(...written.map(({ region }) => region.axes?.length ?? 0));
  return firstOf(
    [isMixed, "it reads what it writes elsewhere in the same value, which is too large for the memory"],
    [!isAlone && !commands.every(writesAll), "its results lie between those of others, in pieces"],
    [axes > 1, "its results lie apart in two ways"],
    [axes > 0 && !machine.outer?.strided, "its results lie apart, and transfers are of bytes that follow one another"],
  );
}

/** Whether a command writes every byte of the regions that it tells. */
function writesAll({ kind, fields }: NodeDraft): boolean {
  return kind.code !== move.code || fields.moved === fields.outputBytes;
}
