import type { Node } from "@millrace/ir";
import { type ArenaBuffer, type MemoryPlan, planMemory } from "@millrace/runtime";
import { awaitTransfers, transfer } from "../commands/transfer.ts";
import type { Buffer } from "../lowering/lowering.ts";
import { buffersOf, type NodeDraft } from "./draft.ts";
import { NodeRefusal } from "./node-refusal.ts";

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

/** When each buffer of the memory is needed; what a transfer touches, until something waits for it. */
export function lifetimesOf(
  commands: readonly NodeDraft[],
  { inputs, outputs }: Boundary,
): ReadonlyMap<Buffer, Lifetime> {
  const lifetimes = new Map<Buffer, Lifetime>(inputs.map((buffer) => [buffer, { start: 0, end: 1 }]));
  const extend = (buffer: Buffer, at: number) =>
    lifetimes.set(buffer, { start: lifetimes.get(buffer)?.start ?? at, end: at + 1 });
  const started: (readonly Buffer[])[] = [];
  let awaited = 0;
  commands.forEach((command, at) => {
    const buffers = buffersOf(command).filter(({ contents }) => contents === undefined);
    for (const buffer of buffers) extend(buffer, at);
    if (command.kind.code === transfer.code) started.push(buffers);
    if (command.kind.code !== awaitTransfers.code) return;
    for (; awaited < (command.fields.transfers as number); awaited++)
      for (const buffer of started[awaited]) extend(buffer, at);
  });
  for (const buffer of started.slice(awaited).flat()) extend(buffer, commands.length);
  const end = commands.length + 1;
  for (const buffer of outputs) lifetimes.set(buffer, { start: lifetimes.get(buffer)?.start ?? 0, end });
  return lifetimes;
}

export interface Layout {
  readonly offsets: ReadonlyMap<Buffer, number>;
  readonly plan: MemoryPlan;
}

/** Gives every buffer a place in memory in which no other one is needed at the same time; in `capacity` bytes if that can be. */
export function layOutMemory(
  lifetimes: ReadonlyMap<Buffer, Lifetime>,
  {
    alignment,
    capacity,
    milliseconds,
  }: { readonly alignment: number; readonly capacity: number; readonly milliseconds: number },
): Layout {
  const buffers = [...lifetimes].map(([{ bytes }, { start, end }]): ArenaBuffer => ({ start, end, size: bytes }));
  const plan = planMemory(buffers, { alignment, capacity: Math.max(1, capacity), milliseconds });
  const offsets = new Map([...lifetimes.keys()].map((buffer, index) => [buffer, plan.offsets[index]]));
  return { offsets, plan };
}

/** Bytes that are needed at each command. */
export function liveBytes(lifetimes: ReadonlyMap<Buffer, Lifetime>, count: number): Float64Array {
  const live = new Float64Array(count);
  for (const [{ bytes }, { start, end }] of lifetimes)
    for (let at = start; at < Math.min(end, count); at++) live[at] += bytes;
  return live;
}

/** Refuses the node at which most is needed, or `only` without any commands, where a plan needs more than `capacity`. */
export function requireRoom(
  { plan }: Layout,
  lifetimes: ReadonlyMap<Buffer, Lifetime>,
  commands: readonly NodeDraft[],
  capacity: number,
  only: Node,
): void {
  if (plan.arenaBytes <= capacity) return;
  const live = liveBytes(lifetimes, commands.length);
  const most = live.reduce((greatest, bytes, at) => (bytes > live[greatest] ? at : greatest), 0);
  throw new NodeRefusal(
    commands.length === 0 ? only : commands[most].node,
    "npu.out-of-memory",
    `the memory has ${capacity} bytes, and its data and what else is needed then take ${plan.arenaBytes}`,
    "use a smaller input or a narrower network, or keep weights in storage",
  );
}
