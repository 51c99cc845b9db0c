import { combine } from "../commands/combine.ts";
import { lookUp } from "../commands/look-up.ts";
import type { Buffer, Place } from "../lowering/lowering.ts";
import type { NodeDraft } from "./draft.ts";
import { isWrittenBetween, type Uses, usesOf } from "./uses.ts";

/**
 * Commands in which arithmetic reads its data through the tables of look-ups ahead of it, as one table with its own; look-ups that nobody else needs
 * are left out. `kept` are the buffers that are needed after the last command.
 */
export function foldTables(commands: readonly NodeDraft[], kept: ReadonlySet<Buffer>): readonly NodeDraft[] {
  const uses = usesOf(commands);
  const result = commands.map((command, at) => {
    if (command.kind.code !== combine.code) return command;
    return folded(folded(command, "left", at, commands, uses), "right", at, commands, uses);
  });
  const read = usesOf(result).users;
  return result.filter(({ kind, fields }) => {
    if (kind.code !== lookUp.code) return true;
    const { buffer } = fields.output as Place;
    return kept.has(buffer) || uses.users.get(buffer)!.length === 1 || read.get(buffer)!.length > 1;
  });
}

function folded(
  command: NodeDraft,
  side: "left" | "right",
  at: number,
  commands: readonly NodeDraft[],
  uses: Uses,
): NodeDraft {
  const place = command.fields[side] as Place;
  const [writer, ...others] = uses.writers.get(place.buffer) ?? [];
  if (writer === undefined || others.length > 0 || commands[writer].kind.code !== lookUp.code) return command;
  if (commands[writer].fields.resultBytes !== 1) return command;
  const { input, output, table } = commands[writer].fields as Readonly<Record<string, Place>>;
  if (output.offset > 0 || isWrittenBetween(uses, input.buffer, writer, at)) return command;
  const own = `${side}Table`;
  const fields = {
    [side]: { buffer: input.buffer, offset: input.offset + place.offset },
    [own]: composed(table, command.fields[own] as Place),
  };
  return { ...command, fields: { ...command.fields, ...fields } };
}

/** A table of words for what a table of bytes gives. */
function composed(inner: Place, outer: Place): Place {
  const bytes = inner.buffer.contents!.subarray(inner.offset);
  const { buffer, byteOffset } = outer.buffer.contents!;
  const words = new DataView(buffer, byteOffset + outer.offset);
  const view = new DataView(new ArrayBuffer(4 * 256));
  for (let at = 0; at < 256; at++) view.setInt32(4 * at, words.getInt32(4 * ((bytes[at] + 128) & 0xff), true), true);
  return { buffer: { name: outer.buffer.name, bytes: 4 * 256, contents: new Uint8Array(view.buffer) }, offset: 0 };
}
