import type { Command, Machine } from "@millrace/npu";
import { cyclesOf, type Parameters, type Structure, type Terms, termsOf } from "./closed-form.ts";
import { type Freedom, fit, freeCount } from "./fit.ts";

/** One of the ways in which both chips might work, and which of their numbers are free. */
export interface Alternative extends Structure {
  /** Cycles to write back one result of all pipelines, on both chips. */
  readonly writeBack: number;
  /** What costs time on either chip: what its way of starting work suggests, or operators and jobs on both. */
  readonly overheads: "by mode" | "both";
  /** Bytes of weights per cycle from the memory of the i.MX RT700. */
  readonly memoryPort: 8 | 16;
}

/** A published latency and what its network gives the chip to do. */
export interface Case {
  /** The design of its network; cases that are left out together share it. */
  readonly model: string;
  readonly commands: readonly Command[];
  /** Cycles in which the array waits for copies or the processor. */
  readonly waiting: number;
  /** Cycles as measured. */
  readonly measured: number;
}

/** A chip whose parameters follow from several latencies. */
export interface Chip {
  readonly machine: Machine;
  /** Those that decide the parameters. */
  readonly cases: readonly Case[];
  /** Those that only tell alternatives apart. */
  readonly others: readonly Case[];
  readonly freedomOf: (alternative: Alternative) => Freedom;
}

const operator = { from: 0, to: 5000 };
const job = { from: 0, to: 200 };

/** A sequencer works off a list, of which each operator costs time. Weights come from memory. */
export const sequencerFreedom: Chip["freedomOf"] = (alternative) => ({
  operator,
  job: alternative.overheads === "both" ? job : 0,
  writeBack: alternative.writeBack,
  weightPort: alternative.memoryPort,
});

/** A processor starts every job. Weights come from flash, over a bus of 4 bytes. */
export const driverFreedom: Chip["freedomOf"] = (alternative) => ({
  operator: alternative.overheads === "both" ? operator : 0,
  job,
  writeBack: alternative.writeBack,
  weightPort: { from: 1, to: 4 },
});

/** The parameters that some of a chip's latencies give. */
export function fitChip({ machine, freedomOf }: Chip, alternative: Alternative, cases: readonly Case[]): Parameters {
  const points = cases.map((each) => ({
    terms: termsOfCase(each, machine, alternative),
    cycles: each.measured - each.waiting,
  }));
  return fit(points, alternative, freedomOf(alternative));
}

/** How much more than measured some parameters give, relative to it. */
export function errorOf(each: Case, { machine }: Chip, alternative: Alternative, parameters: Parameters): number {
  const cycles = cyclesOf(termsOfCase(each, machine, alternative), alternative, parameters);
  return (cycles + each.waiting) / each.measured - 1;
}

/**
 * How badly an alternative explains some latencies: the root of the mean square of the relative errors, with a point less for each free
 * parameter, so that more of them are no gain in themselves.
 */
export function misfit(chip: Chip, alternative: Alternative, cases: readonly Case[], others: readonly Case[]): number {
  const parameters = fitChip(chip, alternative, cases);
  const errors = [...cases, ...others].map((each) => errorOf(each, chip, alternative, parameters));
  const freedom = errors.length - freeCount(chip.freedomOf(alternative));
  const squares = errors.reduce((sum, error) => sum + error ** 2, 0);
  return freedom > 0 ? Math.sqrt(squares / freedom) : Number.POSITIVE_INFINITY;
}

const known = new WeakMap<Case, Map<string, Terms>>();

function termsOfCase(each: Case, machine: Machine, { mergedRows, depthwise, packed, hidden }: Structure): Terms {
  const terms = known.get(each) ?? new Map<string, Terms>();
  known.set(each, terms);
  const key = `${mergedRows} ${depthwise} ${packed}`;
  const found = terms.get(key) ?? termsOf(each.commands, machine, { mergedRows, depthwise, packed, hidden });
  terms.set(key, found);
  return found;
}
