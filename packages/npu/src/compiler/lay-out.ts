import { fail } from "@millrace/ir";
import { type ArenaBuffer, type MemoryPlan, planMemory } from "@millrace/runtime";
import type { Buffer } from "../lowering/lowering.ts";
import type { Machine } from "../machine.ts";
import { buffersOf, type NodeDraft } from "./draft.ts";

/** From which command to which, not included, a buffer is needed. */
interface Lifetime {
  readonly start: number;
  readonly end: number;
}

/** What is there before the first command, and what is needed after the last. */
export interface Boundary {
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
}

/** When each buffer of the memory is needed. */
export function lifetimesOf(
  commands: readonly NodeDraft[],
  { inputs, outputs }: Boundary,
): ReadonlyMap<Buffer, Lifetime> {
  const lifetimes = new Map<Buffer, Lifetime>(inputs.map((buffer) => [buffer, { start: 0, end: 1 }]));
  commands.forEach((command, at) => {
    for (const buffer of buffersOf(command)) {
      if (buffer.contents === undefined)
        lifetimes.set(buffer, { start: lifetimes.get(buffer)?.start ?? at, end: at + 1 });
    }
  });
  const end = commands.length + 1;
  for (const buffer of outputs) lifetimes.set(buffer, { start: lifetimes.get(buffer)?.start ?? 0, end });
  return lifetimes;
}

export interface Layout {
  readonly offsets: ReadonlyMap<Buffer, number>;
  readonly plan: MemoryPlan;
}

/** Gives every buffer a place in memory in which no other one is needed at the same time. */
export function layOutMemory(
  lifetimes: ReadonlyMap<Buffer, Lifetime>,
  { memory }: Machine,
  milliseconds: number,
): Layout {
  const buffers = [...lifetimes].map(([{ bytes }, { start, end }]): ArenaBuffer => ({ start, end, size: bytes }));
  const plan = planMemory(buffers, { alignment: memory.alignment, capacity: memory.bytes, milliseconds });
  const offsets = new Map([...lifetimes.keys()].map((buffer, index) => [buffer, plan.offsets[index]]));
  return { offsets, plan };
}

/** Fails where a plan needs more memory than there is, naming what needs most. */
export function requireRoom({ plan }: Layout, lifetimes: ReadonlyMap<Buffer, Lifetime>, machine: Machine): void {
  if (plan.arenaBytes <= machine.memory.bytes) return;
  const [largest] = [...lifetimes.keys()].sort((a, b) => b.bytes - a.bytes);
  fail(
    "npu.out-of-memory",
    `the model needs ${plan.arenaBytes} bytes of memory at once and ${machine.title} has ${machine.memory.bytes}; ${largest.name} alone has ${largest.bytes}`,
    {
      hint: "use a smaller input or a narrower network, or leave the largest layers to the processor",
      at: { value: largest.name },
    },
  );
}
