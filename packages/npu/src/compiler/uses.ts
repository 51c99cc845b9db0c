import type { Buffer } from "../lowering/lowering.ts";
import { buffersOf, type NodeDraft } from "./draft.ts";

/** Places in a list of commands of those that name each buffer, and of those that write to it, in their order. */
export interface Uses {
  readonly users: ReadonlyMap<Buffer, readonly number[]>;
  readonly writers: ReadonlyMap<Buffer, readonly number[]>;
}

export function usesOf(commands: readonly NodeDraft[]): Uses {
  const [users, writers] = [new Map<Buffer, number[]>(), new Map<Buffer, number[]>()];
  for (const [at, command] of commands.entries()) {
    const { output } = command.fields;
    for (const buffer of new Set(buffersOf(command))) add(users, buffer, at);
    if (typeof output === "object") add(writers, output.buffer, at);
  }
  return { users, writers };
}

function add(to: Map<Buffer, number[]>, buffer: Buffer, at: number): void {
  const list = to.get(buffer);
  if (list) list.push(at);
  else to.set(buffer, [at]);
}

/** Whether something writes to a buffer behind one command and ahead of another. */
export function isWrittenBetween({ writers }: Uses, buffer: Buffer, after: number, before: number): boolean {
  return writers.get(buffer)?.some((at) => at > after && at < before) ?? false;
}
