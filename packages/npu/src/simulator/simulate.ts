import { fail } from "@millrace/ir";
import { type Command, cyclesOf, type Work } from "../commands/command.ts";
import { awaitTransfers, transfer } from "../commands/transfer.ts";
import { type Ability, isAble, type Machine } from "../machine.ts";
import type { Program } from "../program/program.ts";
import { bytesOf, type Region } from "../region.ts";
import { hint, outerBase, SimulatedMemory } from "./memory.ts";
import { Transfers } from "./transfers.ts";

/** What one command did, in cycles from the start of the program. */
export interface Event {
  /** Place in the stream. */
  readonly command: number;
  readonly lane: "array" | "copies";
  readonly start: number;
  readonly end: number;
  /** Cycles in which a copy had the port. */
  readonly stall: number;
  readonly work: Work | undefined;
  readonly readBytes: number;
  readonly writeBytes: number;
}

export interface Simulation {
  readonly events: readonly Event[];
  /** From the start to the end of the last command. */
  readonly cycles: number;
  /** What the program's outputs hold; empty where only time was asked for. */
  readonly outputs: readonly Uint8Array[];
}

/**
 * Executes a program: what it computes where `inputs` are given, and when each command begins and ends. Commands of the array follow one
 * another; a transfer begins when the command before it has ended and goes on beside those that follow; the program ends when all have. Throws
 * `npu.out-of-bounds`, `npu.uninitialised`, or `npu.race` where a command or transfer touches what a transfer that was not waited for does.
 */
export function simulate(program: Program, machine: Machine, inputs?: readonly Uint8Array[]): Simulation {
  return new Simulator(program, machine, inputs).run();
}

/** Fails for a program that was made for another machine, whose weights lie otherwise, or for a mode that the machine does not have. */
function requireMachine({ machine: name, mode }: Program, machine: Machine): void {
  if (name === machine.name && Object.hasOwn(machine.modes, mode)) return;
  fail("npu.other-machine", `the program was compiled for ${name} (${mode}), and ${machine.title} is to execute it`, {
    hint: `give --target ${name}, or compile the model for ${machine.name}`,
  });
}

function requireMemory(
  of: string,
  needed: number,
  memory: { readonly bytes: number } | undefined,
  machine: Machine,
): void {
  const { bytes } = memory ?? { bytes: 0 };
  if (needed > bytes)
    fail("npu.out-of-memory", `the program needs ${needed} bytes${of} and ${machine.title} has ${bytes}`, { hint });
}

class Simulator {
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #inputs: readonly Uint8Array[] | undefined;
  readonly #memory: SimulatedMemory;
  readonly #events: Event[] = [];
  readonly #transfers: Transfers;
  #arrayFree = 0;

  constructor(program: Program, machine: Machine, inputs: readonly Uint8Array[] | undefined) {
    requireMachine(program, machine);
    requireMemory("", program.memoryBytes, machine.memory, machine);
    requireMemory(" of outer memory", program.outerBytes, machine.outer, machine);
    this.#program = program;
    this.#machine = machine;
    this.#inputs = inputs;
    this.#memory = new SimulatedMemory(program.constants, program.memoryBytes, program.outerBytes);
    this.#transfers = new Transfers(machine);
  }

  run(): Simulation {
    const { inputs, outputs, commands } = this.#program;
    for (const [index, { address, bytes }] of inputs.entries()) {
      this.#memory.checkBounds({ address, bytes }, true, `input ${index}`);
      this.#memory.markWritten({ address, bytes });
      if (this.#inputs) this.#memory.bytesOf(address, bytes).set(this.#inputOf(index, bytes));
    }
    commands.forEach((command, index) => void this.#step(command, index));
    const results = outputs.map(({ address, bytes }, index) => {
      this.#memory.checkBounds({ address, bytes }, false, `output ${index}`);
      this.#memory.checkWritten({ address, bytes }, `output ${index}`);
      return this.#memory.bytesOf(address, bytes).slice();
    });
    const cycles = Math.max(this.#arrayFree, this.#transfers.end);
    return { events: this.#events, cycles, outputs: this.#inputs ? results : [] };
  }

  #inputOf(index: number, bytes: number): Uint8Array {
    const input = this.#inputs?.[index];
    if (input?.length === bytes) return input;
    return fail("npu.bad-input", `input ${index} has ${input?.length ?? "no"} bytes, and the program takes ${bytes}`, {
      hint,
    });
  }

  #step(command: Command, index: number): void {
    for (const ability of command.kind.requires(command.fields)) this.#requireAbility(ability, command, index);
    if (command.kind.code === awaitTransfers.code) this.#await(command.fields.transfers, index);
    else if (command.kind.code === transfer.code) this.#transfer(command, index);
    else this.#compute(command, index);
  }

  #requireAbility(ability: Ability, { kind }: Command, index: number): void {
    if (isAble(this.#machine, ability)) return;
    const message = `command ${index} (${kind.name}) takes ${ability}, which ${this.#machine.title} lacks`;
    fail("npu.other-machine", message, { hint });
  }

  #await(transfers: number, index: number): void {
    this.#arrayFree = Math.max(this.#arrayFree, this.#transfers.wait(transfers, `command ${index}`));
  }

  #transfer({ kind, fields }: Command, index: number): void {
    const [from] = kind.reads(fields, this.#machine);
    const [to] = kind.writes(fields);
    const who = `command ${index} (${kind.name})`;
    this.#check([from], [to], who);
    if (fields.runs > 1 && !this.#machine.outer?.strided)
      fail("npu.beyond-machine", `${who} is of runs that lie apart, which ${this.#machine.title} does not transfer`, {
        hint,
      });
    const { start, end, overlaps } = this.#transfers.start(index, from, to, this.#arrayFree);
    if (!overlaps) this.#arrayFree = end;
    if (this.#inputs) kind.execute(fields, this.#memory, this.#machine);
    this.#memory.markWritten(to);
    this.#record(index, "copies", { start, end, stall: 0, work: undefined }, [from], [to]);
  }

  #compute({ kind, fields }: Command, index: number): void {
    const [reads, writes] = [kind.reads(fields, this.#machine), kind.writes(fields)];
    const who = `command ${index} (${kind.name})`;
    this.#check(reads, writes, who);
    if ([...reads, ...writes].some(({ address }) => address >= outerBase))
      fail("npu.out-of-bounds", `${who} touches the outer memory, which the array does not reach`, { hint });
    const work = kind.work(fields, this.#machine, this.#machine.modes[this.#program.mode]);
    const start = this.#arrayFree;
    const stall = this.#transfers.stallOf(start, work, [...reads, ...writes]);
    const end = start + cyclesOf(work) + stall;
    this.#arrayFree = end;
    if (this.#inputs) kind.execute(fields, this.#memory, this.#machine);
    for (const region of writes) this.#memory.markWritten(region);
    this.#record(index, "array", { start, end, stall, work }, reads, writes);
  }

  #check(reads: readonly Region[], writes: readonly Region[], who: string): void {
    for (const region of reads) {
      this.#memory.checkBounds(region, false, who);
      this.#transfers.requireDone(region, "to", who);
      this.#memory.checkWritten(region, who);
    }
    for (const region of writes) {
      this.#memory.checkBounds(region, true, who);
      this.#transfers.requireDone(region, "to", who);
      this.#transfers.requireDone(region, "from", who);
    }
  }

  #record(
    command: number,
    lane: Event["lane"],
    timing: Pick<Event, "start" | "end" | "stall" | "work">,
    reads: readonly Region[],
    writes: readonly Region[],
  ): void {
    const bytes = (regions: readonly Region[]) => regions.reduce((sum, region) => sum + bytesOf(region), 0);
    this.#events.push({ command, lane, ...timing, readBytes: bytes(reads), writeBytes: bytes(writes) });
  }
}
