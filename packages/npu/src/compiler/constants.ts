import type { Buffer } from "../lowering/lowering.ts";
import { buffersOf, type NodeDraft } from "./draft.ts";

/** The constants of a program, one after the other in the order in which commands read them first. */
export interface Constants {
  readonly contents: Uint8Array;
  readonly offsets: ReadonlyMap<Buffer, number>;
}

export function layOutConstants(commands: readonly NodeDraft[], alignment: number): Constants {
  const offsets = new Map<Buffer, number>();
  let end = 0;
  for (const buffer of commands.flatMap(constantsOf)) {
    if (offsets.has(buffer)) continue;
    offsets.set(buffer, end);
    end += Math.ceil(buffer.bytes / alignment) * alignment;
  }
  const contents = new Uint8Array(end);
  for (const [buffer, offset] of offsets) contents.set(buffer.contents!, offset);
  return { contents, offsets };
}

/** The constants that a command reads. */
export function constantsOf(command: NodeDraft): readonly Buffer[] {
  return buffersOf(command).filter(({ contents }) => contents !== undefined);
}
