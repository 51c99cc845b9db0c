import type { Ability, Features, Machine, Overheads } from "../machine.ts";
import type { Region } from "../region.ts";
import type { SimulatedMemory } from "../simulator/memory.ts";
import { abilitiesOfFields } from "./abilities-of-fields.ts";

/** One instruction of the command stream. Every field is a whole number of 32 bits. */
export interface Command {
  readonly kind: CommandKind;
  readonly fields: Readonly<Record<string, number>>;
}

/** What takes the time of a command. */
export type Bound = "array" | "weights" | "data" | "window";

/** What keeps a command from being faster, each alone, in cycles. */
export interface Least {
  /** Every multiplier has something to do all the while. */
  readonly array: number;
  /** Weights come once. */
  readonly weights: number;
  /** Moving or comparing data, where nothing is multiplied. */
  readonly data: number;
}

/** Cycles of one command when nothing else goes on. */
export interface Work {
  readonly macs: number;
  /** Cycles while the array, a port or the pooling unit is busy. */
  readonly busy: number;
  /** Cycles for which each would be busy if nothing else held it up; no mapping of the same work needs fewer. */
  readonly least: Least;
  readonly boundBy: Bound;
  /** Cycles in which the port of weights is in use, and those of the data's port, together. */
  readonly beats: number;
  /** Cycles of writing results back that are not hidden. */
  readonly writeBack: number;
  /** Cycles of starting the command and its jobs. */
  readonly start: number;
}

/** A command of a part of what another one computes, on the same buffers. */
export interface Part {
  /** Fields that differ. */
  readonly fields: Readonly<Record<string, number>>;
  /** Bytes by which addresses lie further on. */
  readonly moved: Readonly<Record<string, number>>;
  /** Constants in the place of those at addresses. */
  readonly contents?: Readonly<Record<string, Uint8Array>>;
}

/** How a command can be divided. */
export interface Tiling {
  /** Bytes of the result that parts are multiples of. */
  readonly grain: number;
  /** The command for the bytes of the result from one to another, counted from its address; undefined where it writes none of them. */
  part(from: number, to: number): Part | undefined;
  /** The command as several, with each of which come some channels' own weights; about as many as are wanted. */
  readonly byChannels?: (count: number, machine: Machine) => readonly Part[];
}

/** A command of one kind: how it is stored, what it touches, how long it takes, what it computes. */
export interface CommandKind {
  readonly name: string;
  readonly code: number;
  /** Names of the fields in the order in which they are stored. */
  readonly fields: readonly string[];
  /** Those that are addresses. */
  readonly addresses: readonly string[];
  /** What is wrong with the fields, in sentences; the bounds of regions are checked by whoever asks for them. */
  problems(fields: Fields): readonly string[];
  /** What the array reads and writes; empty for what it has no part in. */
  reads(fields: Fields, machine: Machine): readonly Region[];
  writes(fields: Fields): readonly Region[];
  work(fields: Fields, machine: Machine, overheads: Overheads, flow?: Flow): Work;
  /** How it can be divided into parts that need less memory at once; undefined if it can't. `contentsOf` tells what constants hold. */
  tiling(fields: Fields, contentsOf: (address: string) => Uint8Array | undefined): Tiling | undefined;
  execute(fields: Fields, memory: SimulatedMemory, machine: Machine): void;
  /** What a machine must have for it. */
  requires(fields: Fields): readonly Ability[];
  readonly inLine: InLine;
  /** The commands that it is a chain of, in their order. */
  readonly parts?: (fields: Fields) => readonly Command[];
}

/** Bytes that are read and written for each byte of a command's own data and results, where units beside the array make other data of them. */
export interface Flow {
  readonly read: number;
  readonly written: number;
}

/** Nothing is made of data and results. */
export const asTheyAre: Flow = { read: 1, written: 1 };

/** How a command can be a part of a chain, in which numbers go from one to the next without being written. */
export interface InLine<F extends string = string> {
  /** Whether it takes data from, or gives results to, the units beside the array. */
  readonly takes?: boolean;
  readonly gives?: boolean;
  /** What does its work on data as they are read, or on results as they leave the array. */
  readonly before?: Unit<F>;
  readonly behind?: Unit<F>;
}

/** A unit beside the array. */
export interface Unit<F extends string = string> {
  readonly feature: keyof Features;
  /** Whether it works on results only where the pipelines are channels. */
  readonly byChannel?: boolean;
  /** Cycles of making it ready, and those that its work takes beside that of the array. */
  cycles(fields: Fields<F>, machine: Machine): { readonly ready: number; readonly busy: number };
}

export type Fields<F extends string = string> = Readonly<Record<F, number>>;

interface Definition<F extends string> {
  readonly name: string;
  readonly code: number;
  readonly fields: readonly F[];
  readonly addresses: readonly NoInfer<F>[];
  readonly problems?: (fields: Fields<F>) => readonly string[];
  readonly reads?: (fields: Fields<F>, machine: Machine) => readonly Region[];
  readonly writes?: (fields: Fields<F>) => readonly Region[];
  readonly work?: (fields: Fields<F>, machine: Machine, overheads: Overheads, flow?: Flow) => Work;
  readonly tiling?: (
    fields: Fields<F>,
    contentsOf: (address: NoInfer<F>) => Uint8Array | undefined,
  ) => Tiling | undefined;
  readonly execute?: (fields: Fields<F>, memory: SimulatedMemory, machine: Machine) => void;
  readonly requires?: (fields: Fields<F>) => readonly Ability[];
  readonly inLine?: InLine<F>;
}

const nothing: Least = { array: 0, weights: 0, data: 0 };
const idle: Work = { macs: 0, busy: 0, least: nothing, boundBy: "data", beats: 0, writeBack: 0, start: 0 };

/** A kind of command whose fields are known by name. */
export function defineCommand<const F extends string>(
  definition: Definition<F>,
): CommandKind & { readonly fields: readonly F[] } {
  const none = () => [];
  return {
    problems: none,
    reads: none,
    writes: none,
    work: () => idle,
    tiling: () => undefined,
    execute: () => {},
    requires: abilitiesOfFields,
    inLine: {},
    ...definition,
  };
}

/**
 * A command of some elements for those whose results lie from one byte to another. `sizes` are the bytes that an element has at each address, that of
 * results `output`; 0 where what is there stays the same for all.
 */
export function elementsPart(
  from: number,
  to: number,
  length: number,
  sizes: Readonly<Record<string, number>> & { readonly output: number },
): Part | undefined {
  const first = Math.ceil(Math.max(0, from) / sizes.output);
  const count = Math.min(length, Math.ceil(to / sizes.output)) - first;
  if (count <= 0) return undefined;
  const moved = Object.entries(sizes).map(([name, bytes]) => [name, first * bytes]);
  return { fields: { length: count }, moved: Object.fromEntries(moved) };
}

/** Cycles of a command that only moves bytes through the data port. */
export function streaming(bytes: number, { ports }: Machine, { operator }: Overheads): Work {
  const busy = Math.ceil(bytes / ports.data);
  return { ...idle, busy, least: { ...nothing, data: busy }, beats: busy, boundBy: "data", start: operator };
}

/**
 * Cycles of starting an operator and its jobs, and of those of writing back that starting the next job does not hide. Each job writes back so
 * many results of all pipelines.
 */
export function overheadsOf(
  jobs: number,
  results: number,
  { operator, job, writeBack }: Overheads,
): Pick<Work, "writeBack" | "start"> {
  return { writeBack: jobs * Math.max(0, writeBack * results - job), start: operator + job * jobs };
}

/**
 * Cycles that a copy of some length adds to a command it goes on beside, while `share` of a port would do for it. The array reads data and
 * weights at once, so memory serves two ports in a cycle; a copy takes what either leaves, and the command's place only where both are in use.
 */
export function stallOf(work: Work, copying: number, share: number): number {
  const cycles = cyclesOf(work);
  const idleBeats = cycles === 0 ? 0 : (2 * cycles - work.beats) / cycles;
  return copying * Math.max(0, share - idleBeats);
}

/** Cycles from start to end. */
export function cyclesOf({ busy, writeBack, start }: Work): number {
  return busy + writeBack + start;
}
