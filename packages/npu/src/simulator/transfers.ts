import { fail } from "@millrace/ir";
import { cyclesOf, stallOf, type Work } from "../commands/command.ts";
import { type Route, routeOf } from "../commands/transfer.ts";
import type { Machine } from "../machine.ts";
import { bytesOf, overlap, type Region, spanOf } from "../region.ts";
import { hint, memoryBase, outerBase } from "./memory.ts";

/** One that was started; in cycles from the start of the program. */
interface Transfer {
  readonly command: number;
  readonly from: Region;
  readonly to: Region;
  readonly start: number;
  /** When its first byte comes. */
  readonly moving: number;
  readonly end: number;
  readonly bytesPerCycle: number;
}

/**
 * The transfers of a program: when each begins and ends, and which of them nothing has waited for. As many as there are channels are under way at once; the
 * bytes of one direction come one transfer after the other.
 */
export class Transfers {
  readonly #machine: Machine;
  readonly #all: Transfer[] = [];
  /** When each channel is free again. */
  readonly #channels: number[];
  readonly #directions: Record<Route["direction"], number> = { in: 0, out: 0 };
  /** For each transfer, when it and all before have ended. */
  readonly #ends: number[] = [];
  #awaited = 0;
  /** Transfers before it have ended when the array is free. */
  #oldest = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#channels = new Array<number>(machine.outer?.channels ?? 1).fill(0);
  }

  /** When the last one ends. */
  get end(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** Starts one at `now` or as soon as a channel is free. */
  start(command: number, from: Region, to: Region, now: number): Transfer & Pick<Route, "overlaps"> {
    const route = routeOf(from.address, to.address, this.#machine);
    const { direction, bytesPerCycle } = route;
    const channel = this.#channels.indexOf(Math.min(...this.#channels));
    const start = Math.max(now, this.#channels[channel]);
    const moving = Math.max(start + route.start, this.#directions[direction]);
    const end = moving + Math.ceil(bytesOf(from) / bytesPerCycle);
    this.#channels[channel] = end;
    this.#directions[direction] = end;
    const started = { command, from, to, start, moving, end, bytesPerCycle };
    this.#all.push(started);
    this.#ends.push(Math.max(this.end, end));
    return { ...started, overlaps: route.overlaps };
  }

  /** When the first `count` have ended, which are safe to touch from then on. */
  wait(count: number, who: string): number {
    if (count > this.#all.length)
      fail("npu.deadlock", `${who} waits for transfer ${count} of ${this.#all.length}`, { hint });
    this.#awaited = Math.max(this.#awaited, count);
    return this.#ends[count - 1];
  }

  /** Fails where a region meets that of a transfer which nothing has waited for. */
  requireDone(region: Region, side: "from" | "to", who: string): void {
    for (let index = this.#awaited; index < this.#all.length; index++) {
      const { [side]: other, command } = this.#all[index];
      if (overlap(region, other))
        fail(
          "npu.race",
          `${who} touches what the transfer of command ${command} ${side === "to" ? "writes" : "reads"}, without waiting for it`,
          { hint },
        );
    }
  }

  /** Cycles that transfers add to a command of the array that begins at `start` and touches these regions. */
  stallOf(start: number, work: Work, regions: readonly Region[]): number {
    const cycles = cyclesOf(work);
    while (this.#oldest < this.#all.length && this.#all[this.#oldest].end <= start) this.#oldest++;
    let stall = 0;
    for (let index = this.#oldest; index < this.#all.length; index++) {
      const { moving, end, bytesPerCycle, from, to, ...other } = this.#all[index];
      if (other.start >= start + cycles + stall) break;
      const busy = Math.min(end, start + cycles + stall) - Math.max(moving, start);
      if (busy > 0 && this.#shareBank([from, to], regions))
        stall += stallOf(work, busy, bytesPerCycle / this.#machine.ports.data);
    }
    return Math.ceil(stall);
  }

  #shareBank(some: readonly Region[], others: readonly Region[]): boolean {
    const { banks, bytes } = this.#machine.memory;
    if (banks === 1) return true;
    const bankOf = (address: number) => Math.floor(((address - memoryBase) * banks) / bytes);
    const inMemory = ({ address }: Region) => address >= memoryBase && address < outerBase;
    const rangeOf = (region: Region) => [bankOf(region.address), bankOf(region.address + spanOf(region) - 1)];
    const ranges = others.filter(inMemory).map(rangeOf);
    return some
      .filter(inMemory)
      .map(rangeOf)
      .some(([first, last]) => ranges.some(([from, to]) => first <= to && from <= last));
  }
}
