import { cyclesOf } from "../../commands/command.ts";
import { routeOf } from "../../commands/transfer.ts";
import { placedFields } from "../../lowering/lowering.ts";
import type { Machine, Overheads } from "../../machine.ts";
import { memoryBase, outerBase } from "../../simulator/memory.ts";
import { constantsOf } from "../constants.ts";
import { type Group, splitChannels, tilingOf } from "./group.ts";
import { type Job, jobsOf, refuseFar, type Surroundings } from "./job.ts";
import { bytesAlone, bytesAtOnce } from "./live.ts";

/** More tiles would be more commands than a layer is worth. */
const mostRows = 2048;
const mostChannels = 256;

/** A group's jobs, or why it can't be divided. */
export type Division = readonly Job[] | string;

/**
 * A group's jobs in as few parts as need no more than `budget` bytes of tiles at once, of the ways to part rows and channels the one that takes the fewest
 * cycles: with the tiles of the next job among those bytes, or else those of one job alone.
 */
export function divided(group: Group, budget: number, surroundings: Surroundings, overheads: Overheads): Division {
  const reason = refuseFar(group, surroundings);
  if (reason !== undefined) return reason;
  const within = (bytesOf: typeof bytesAtOnce) => fewestCycles(group, bytesOf, budget, surroundings, overheads);
  return within(bytesAtOnce) ?? within(bytesAlone) ?? "no part of it and its weights is small enough for the memory";
}

function fewestCycles(
  group: Group,
  bytesOf: typeof bytesAtOnce,
  budget: number,
  surroundings: Surroundings,
  overheads: Overheads,
): readonly Job[] | undefined {
  let best: { readonly jobs: readonly Job[]; readonly cycles: number } | undefined;
  for (let channels = 1, before = 0; channels <= mostChannels && (channels <= 2 || !best); channels *= 2) {
    const split = splitChannels(group, channels, surroundings.machine);
    if (split.commands.length === before) break;
    before = split.commands.length;
    if (surroundings.staged && leastConstants(split) > budget) continue;
    const jobs = firstWithin(group, channels, bytesOf, budget, surroundings);
    const cycles = jobs === undefined ? 0 : cyclesOfJobs(jobs, surroundings.machine, overheads);
    if (jobs && (best === undefined || cycles < best.cycles)) best = { jobs, cycles };
  }
  return best?.jobs;
}

/** Bytes of constants of a command that no parting of rows makes fewer. */
function leastConstants({ commands }: Group): number {
  const [command, ...others] = commands;
  if (others.length > 0 || tilingOf(command)?.byChannels === undefined) return 0;
  return constantsOf(command).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The jobs of the fewest parts of rows that need no more than `budget` bytes, which are fixed ones and a share of others for each part. */
function firstWithin(
  group: Group,
  channels: number,
  bytesOf: (jobs: readonly Job[]) => number,
  budget: number,
  surroundings: Surroundings,
): readonly Job[] | undefined {
  let [before, needed] = [0, Number.POSITIVE_INFINITY];
  for (let rows = 1; rows <= mostRows; ) {
    const jobs = jobsOf(group, { rows, channels }, surroundings);
    const bytes = bytesOf(jobs);
    if (bytes <= budget) return jobs;
    if (rows >= 4 && (jobs.length === before || bytes - 4 * (needed - bytes) > budget)) return undefined;
    [before, needed] = [jobs.length, bytes];
    rows = Math.ceil(rows * 1.5);
  }
  return undefined;
}

/** Cycles of jobs whose transfers go on beside the array, but for the first that come in and the last that go out. */
function cyclesOfJobs(jobs: readonly Job[], machine: Machine, overheads: Overheads): number {
  const computing = jobs.reduce((sum, { command: { kind, fields } }) => {
    const numbers = placedFields(fields, ({ offset }) => offset);
    return sum + cyclesOf(kind.work(numbers, machine, overheads));
  }, 0);
  const bringing = (transfers: Job["ins"]) => cyclesOfTransfers(transfers, machine, outerBase, memoryBase);
  const taking = (transfers: Job["outs"]) => cyclesOfTransfers(transfers, machine, memoryBase, outerBase);
  const moving = [jobs.flatMap(({ ins }) => ins), jobs.flatMap(({ outs }) => outs)] as const;
  const beside = Math.max(computing, bringing(moving[0]), taking(moving[1]));
  return beside + bringing(jobs[0].ins) + taking(jobs[jobs.length - 1].outs);
}

function cyclesOfTransfers(transfers: Job["ins"], machine: Machine, from: number, to: number): number {
  const { start, bytesPerCycle } = routeOf(from, to, machine);
  return transfers.reduce((sum, { fields }) => {
    const bytes = (fields.bytes as number) * (fields.runs as number);
    return sum + start + bytes / bytesPerCycle;
  }, 0);
}
