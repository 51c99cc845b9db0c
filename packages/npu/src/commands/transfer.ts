import type { Machine } from "../machine.ts";
import type { Region } from "../region.ts";
import { memoryBase, outerBase, type SimulatedMemory } from "../simulator/memory.ts";
import { defineCommand } from "./command.ts";

/**
 * Has runs of bytes copied beside the array's work, each so far behind the one before where it comes from and where it goes, once the command
 * ahead has ended. What they touch is not to be used before an `await`.
 */
export const transfer = defineCommand({
  name: "transfer",
  code: 8,
  fields: ["from", "to", "bytes", "runs", "fromStep", "toStep"],
  addresses: ["from", "to"],
  problems: ({ bytes, runs, fromStep, toStep }) => [
    ...(bytes >= 1 && runs >= 1 ? [] : ["a size is less than 1"]),
    ...(runs === 1 || Math.min(fromStep, toStep) >= bytes ? [] : ["its runs meet"]),
  ],
  reads: ({ from, bytes, runs, fromStep }) => [runsAt(from, bytes, runs, fromStep)],
  writes: ({ to, bytes, runs, toStep }) => [runsAt(to, bytes, runs, toStep)],
  execute({ from, to, bytes, runs, fromStep, toStep }, memory) {
    for (let run = 0; run < runs; run++) copyRun(memory, from + run * fromStep, to + run * toStep, bytes);
  },
});

function runsAt(address: number, bytes: number, runs: number, step: number): Region {
  return runs === 1 ? { address, bytes } : { address, bytes, axes: [{ size: runs, step }] };
}

function copyRun(memory: SimulatedMemory, from: number, to: number, bytes: number): void {
  memory.bytesOf(to, bytes).set(memory.bytesOf(from, bytes));
}

/** Fields of a transfer of bytes that follow one another. */
export const oneRun = { runs: 1, fromStep: 0, toStep: 0 } as const;

/** Which way bytes go, to the memory that the array works in or from there, how fast, and how long until the first. */
export interface Route {
  readonly direction: "in" | "out";
  readonly bytesPerCycle: number;
  readonly start: number;
  /** Whether the array computes meanwhile. */
  readonly overlaps: boolean;
}

/** The way of a transfer between two addresses. */
export function routeOf(from: number, to: number, { outer, storage }: Machine): Route {
  const start = outer?.start ?? 0;
  if (outer && to >= outerBase)
    return { direction: "out", bytesPerCycle: outer.writeBytesPerCycle, start, overlaps: true };
  if (outer && from >= outerBase)
    return { direction: "in", bytesPerCycle: outer.readBytesPerCycle, start, overlaps: true };
  const overlaps = storage.overlaps || from >= memoryBase;
  return { direction: "in", bytesPerCycle: storage.copyBytesPerCycle, start, overlaps };
}

/** Lets the array wait until that many transfers of the stream have ended. */
export const awaitTransfers = defineCommand({
  name: "await",
  code: 9,
  fields: ["transfers"],
  addresses: [],
  problems: ({ transfers }) => (transfers >= 1 ? [] : ["transfers is less than 1"]),
});
