import { type Command, cyclesOf, type Work } from "./commands/command.ts";
import { awaitTransfers, routeOf, transfer } from "./commands/transfer.ts";
import { isSegment, type NpuCompilation } from "./compiler/compile-graph.ts";
import type { CompiledSegment } from "./compiler/compile-segment.ts";
import type { Machine } from "./machine.ts";
import { processorCycles } from "./processor-cost.ts";
import { memoryBase } from "./simulator/memory.ts";

/** What an inference can't be faster than, in cycles. */
export interface LowerBounds {
  /** What no mapping of the commands and no schedule of the copies goes below. */
  readonly cycles: number;
  /** The same where commands keep their mappings, each the fastest that the machine's abilities allow. */
  readonly scheduled: number;
  /** What each would need if there were nothing else: multipliers, ports, starting operators, copies, the processor. */
  readonly parts: Readonly<Record<"array" | "weights" | "data" | "starts" | "copies" | "processor", number>>;
}

/**
 * Lower bounds of a whole inference: the sum over its phases, as array and processor take turns.
 *
 * A phase of the processor takes what its cost model says. Within a program, commands follow one another, and each takes at least as long as the
 * busiest of multipliers (all in use), port of weights (each once) and port of data, plus the start of an operator; these three are hidden
 * behind one another. Copies are hidden behind commands, but for those without which a command can't begin: it has to wait until all bytes that are
 * used up to it have come, one after the other from the program's start on, and whatever follows comes on top. Bytes that another
 * schedule could leave in memory count for nothing. Copies that can't go on beside the array are added.
 */
export function lowerBoundsOf({ phases, machine }: NpuCompilation): LowerBounds {
  const parts = { array: 0, weights: 0, data: 0, starts: 0, copies: 0, processor: 0 };
  const total = { cycles: 0, scheduled: 0 };
  for (const phase of phases) {
    if (!isSegment(phase)) {
      parts.processor += phase.nodes.reduce((sum, node) => sum + processorCycles(node, machine.processor), 0);
      continue;
    }
    const overheads = machine.modes[phase.program.mode];
    const startOf = ({ start }: Work) => Math.min(start, overheads.operator);
    for (const work of worksOf(phase, machine)) {
      for (const part of ["array", "weights", "data"] as const) parts[part] += work.least[part];
      parts.starts += startOf(work);
    }
    parts.copies += new Copying(machine, phase.couldStay).addAll(phase).longest;
    total.cycles += boundOf(phase, machine, (work) => Math.max(...Object.values(work.least)) + startOf(work));
    total.scheduled += Math.max(phase.search?.boundCycles ?? 0, boundOf(phase, machine, cyclesOf));
  }
  const { processor } = parts;
  return { cycles: total.cycles + processor, scheduled: total.scheduled + processor, parts };
}

function worksOf({ program }: CompiledSegment, machine: Machine): readonly Work[] {
  return program.commands.map(({ kind, fields }) => kind.work(fields, machine, machine.modes[program.mode]));
}

/** Cycles of a program whose commands take so many each. */
function boundOf(segment: CompiledSegment, machine: Machine, cyclesBy: (work: Work) => number): number {
  const { commands } = segment.program;
  const works = worksOf(segment, machine).map(cyclesBy);
  const computing = works.reduce((sum, cycles) => sum + cycles, 0);
  const copying = new Copying(machine, segment.couldStay);
  const ends: number[] = [];
  let [bound, left] = [computing, computing];
  for (const [index, command] of commands.entries()) {
    if (command.kind.code === transfer.code) ends.push(copying.add(command).longest);
    if (command.kind.code === awaitTransfers.code) bound = Math.max(bound, ends[command.fields.transfers - 1] + left);
    left -= works[index];
  }
  return Math.max(bound, computing + copying.alone, copying.longest);
}

/** How long transfers take at least, one after the other in either direction, or in both where there is one channel. */
class Copying {
  readonly #machine: Machine;
  readonly #directions = { in: 0, out: 0 };
  #couldStay: number;
  /** Cycles of those beside which the array can't compute. */
  alone = 0;

  constructor(machine: Machine, couldStay: number) {
    this.#machine = machine;
    this.#couldStay = couldStay;
  }

  get longest(): number {
    const both = Object.values(this.#directions);
    const isOneChannel = (this.#machine.outer?.channels ?? 1) === 1;
    return isOneChannel ? both.reduce((sum, cycles) => sum + cycles, 0) : Math.max(...both);
  }

  add({ fields }: Command): this {
    const { direction, bytesPerCycle, overlaps } = routeOf(fields.from, fields.to, this.#machine);
    const bytes = fields.bytes * fields.runs;
    const stay = fields.from < memoryBase ? Math.min(bytes, this.#couldStay) : 0;
    this.#couldStay -= stay;
    const cycles = (bytes - stay) / bytesPerCycle;
    this.#directions[direction] += cycles;
    if (!overlaps) this.alone += cycles;
    return this;
  }

  addAll({ program }: CompiledSegment): this {
    for (const command of program.commands) if (command.kind.code === transfer.code) this.add(command);
    return this;
  }
}
