import { fail } from "@millrace/ir";
import { type Command, cyclesOf, stallOf, type Work } from "../commands/command.ts";
import { requiredFeatures } from "../commands/required-features.ts";
import { awaitTransfers, transfer } from "../commands/transfer.ts";
import type { Machine } from "../machine.ts";
import type { Program } from "../program/program.ts";
import { overlap, type Region, spanOf } from "../region.ts";
import { hint, SimulatedMemory } from "./memory.ts";

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
 * another; a transfer begins when the command before it has ended and goes on beside those that follow. Throws `npu.out-of-bounds`,
 * `npu.uninitialised`, or `npu.race` where a command touches what a transfer that was not waited for does.
 */
export function simulate(program: Program, machine: Machine, inputs?: readonly Uint8Array[]): Simulation {
  return new Simulator(program, machine, inputs).run();
}

interface Transfer {
  readonly command: number;
  readonly from: Region;
  readonly to: Region;
  readonly start: number;
  readonly end: number;
}

/** Fails for a program that was made for another machine, whose weights lie otherwise, or for a mode that the machine does not have. */
function requireMachine({ machine: name, mode }: Program, machine: Machine): void {
  if (name === machine.name && Object.hasOwn(machine.modes, mode)) return;
  fail("npu.other-machine", `the program was compiled for ${name} (${mode}), and ${machine.title} is to execute it`, {
    hint: `give --target ${name}, or compile the model for ${machine.name}`,
  });
}

class Simulator {
  readonly #program: Program;
  readonly #machine: Machine;
  readonly #inputs: readonly Uint8Array[] | undefined;
  readonly #memory: SimulatedMemory;
  readonly #events: Event[] = [];
  readonly #transfers: Transfer[] = [];
  #awaited = 0;
  #arrayFree = 0;
  #copiesFree = 0;
  /** Transfers before it have ended when the array is free. */
  #oldest = 0;

  constructor(program: Program, machine: Machine, inputs: readonly Uint8Array[] | undefined) {
    requireMachine(program, machine);
    if (program.memoryBytes > machine.memory.bytes)
      fail(
        "npu.out-of-memory",
        `the program needs ${program.memoryBytes} bytes and ${machine.title} has ${machine.memory.bytes}`,
        { hint },
      );
    this.#program = program;
    this.#machine = machine;
    this.#inputs = inputs;
    this.#memory = new SimulatedMemory(program.constants, program.memoryBytes);
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
    const cycles = Math.max(this.#arrayFree, this.#copiesFree);
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
    for (const feature of requiredFeatures(command))
      if (!this.#machine.features[feature])
        fail(
          "npu.other-machine",
          `command ${index} (${command.kind.name}) takes ${feature}, which ${this.#machine.title} lacks`,
          {
            hint,
          },
        );
    if (command.kind.code === awaitTransfers.code) this.#await(command.fields.transfers, index);
    else if (command.kind.code === transfer.code) this.#transfer(command, index);
    else this.#compute(command, index);
  }

  #await(transfers: number, index: number): void {
    if (transfers > this.#transfers.length)
      fail("npu.deadlock", `command ${index} waits for transfer ${transfers} of ${this.#transfers.length}`, { hint });
    this.#awaited = Math.max(this.#awaited, transfers);
    this.#arrayFree = Math.max(this.#arrayFree, this.#transfers[transfers - 1].end);
  }

  #transfer({ kind, fields }: Command, index: number): void {
    const [from] = kind.reads(fields, this.#machine);
    const [to] = kind.writes(fields, this.#machine);
    const who = `command ${index} (${kind.name})`;
    this.#check([from], [to], who);
    const start = Math.max(this.#copiesFree, this.#arrayFree);
    const end = start + Math.ceil(fields.bytes / this.#machine.storage.copyBytesPerCycle);
    this.#copiesFree = end;
    if (!this.#machine.storage.overlaps) this.#arrayFree = end;
    this.#transfers.push({ command: index, from, to, start, end });
    if (this.#inputs) kind.execute(fields, this.#memory, this.#machine);
    this.#memory.markWritten(to);
    this.#record(index, "copies", { start, end, stall: 0, work: undefined }, [from], [to]);
  }

  #compute({ kind, fields }: Command, index: number): void {
    const [reads, writes] = [kind.reads(fields, this.#machine), kind.writes(fields, this.#machine)];
    const who = `command ${index} (${kind.name})`;
    this.#check(reads, writes, who);
    const work = kind.work(fields, this.#machine, this.#machine.modes[this.#program.mode]);
    const start = this.#arrayFree;
    const stall = this.#stallOf(start, work);
    const end = start + cyclesOf(work) + stall;
    this.#arrayFree = end;
    if (this.#inputs) kind.execute(fields, this.#memory, this.#machine);
    for (const region of writes) this.#memory.markWritten(region);
    this.#record(index, "array", { start, end, stall, work }, reads, writes);
  }

  #check(reads: readonly Region[], writes: readonly Region[], who: string): void {
    for (const region of reads) {
      this.#memory.checkBounds(region, false, who);
      this.#requireDone(region, "to", who);
      this.#memory.checkWritten(region, who);
    }
    for (const region of writes) {
      this.#memory.checkBounds(region, true, who);
      this.#requireDone(region, "to", who);
      this.#requireDone(region, "from", who);
    }
  }

  /** Fails where a region meets that of a transfer which nothing has waited for. */
  #requireDone(region: Region, side: "from" | "to", who: string): void {
    for (let index = this.#awaited; index < this.#transfers.length; index++) {
      const { [side]: other, command } = this.#transfers[index];
      if (overlap(region, other))
        fail(
          "npu.race",
          `${who} touches what the transfer of command ${command} ${side === "to" ? "writes" : "reads"}, without waiting for it`,
          { hint },
        );
    }
  }

  /** Cycles that copies add to a command that begins then. */
  #stallOf(start: number, work: Work): number {
    const cycles = cyclesOf(work);
    const share = this.#machine.storage.copyBytesPerCycle / this.#machine.ports.data;
    while (this.#oldest < this.#transfers.length && this.#transfers[this.#oldest].end <= start) this.#oldest++;
    let stall = 0;
    for (let index = this.#oldest; index < this.#transfers.length; index++) {
      const copy = this.#transfers[index];
      if (copy.start >= start + cycles + stall) break;
      const busy = Math.max(0, Math.min(copy.end, start + cycles + stall) - Math.max(copy.start, start));
      stall += stallOf(work, busy, share);
    }
    return Math.ceil(stall);
  }

  #record(
    command: number,
    lane: Event["lane"],
    timing: Pick<Event, "start" | "end" | "stall" | "work">,
    reads: readonly Region[],
    writes: readonly Region[],
  ): void {
    const bytes = (regions: readonly Region[]) => regions.reduce((sum, region) => sum + spanOf(region), 0);
    this.#events.push({ command, lane, ...timing, readBytes: bytes(reads), writeBytes: bytes(writes) });
  }
}
