import type { Node } from "@millrace/ir";
import { convolve, weightGroups, weightRegion } from "../commands/convolve.ts";
import { compressWeights } from "../compression.ts";
import { type Buffer, placedFields } from "../lowering/lowering.ts";
import type { Machine } from "../machine.ts";
import type { NodeDraft } from "./draft.ts";

/** Commands whose weights are compressed where that makes them fewer bytes, but for those of some nodes; what several read is compressed once. */
export function withCompressedWeights(
  commands: readonly NodeDraft[],
  { array }: Machine,
  apart: ReadonlySet<Node>,
): readonly NodeDraft[] {
  const known = new Map<Buffer, Map<string, Buffer>>();
  return commands.map((command) => {
    const { weights } = command.fields;
    if (command.kind.code !== convolve.code || typeof weights === "number") return command;
    const { name, contents } = weights.buffer;
    if (contents === undefined || apart.has(command.node)) return command;
    const fields = placedFields(command.fields, ({ offset }) => offset) as Parameters<typeof weightRegion>[0];
    const { address, bytes } = weightRegion(fields, array);
    const layout = weightGroups(fields, array);
    const ofBuffer = known.get(weights.buffer) ?? new Map<string, Buffer>();
    known.set(weights.buffer, ofBuffer);
    const part = `${address} ${bytes} ${layout.steps}`;
    const buffer = ofBuffer.get(part) ?? bufferOf(name, compressWeights(integers(contents, address, bytes), layout));
    ofBuffer.set(part, buffer);
    if (buffer.bytes >= bytes) return command;
    return { ...command, fields: { ...command.fields, weights: { buffer, offset: 0 }, weightBytes: buffer.bytes } };
  });
}

function bufferOf(name: string, contents: Uint8Array): Buffer {
  return { name, bytes: contents.length, contents };
}

function integers({ buffer, byteOffset }: Uint8Array, offset: number, length: number): Int8Array {
  return new Int8Array(buffer, byteOffset + offset, length);
}
