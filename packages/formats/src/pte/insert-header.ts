import { sizeOf } from "../flatbuffer/parts.ts";
import type { AlignedParts } from "./aligned-parts.ts";
import { type ExtendedHeader, headerAt } from "./extended-header.ts";

/** Letters, length in bytes as told and as taken, and what the numbers are, by what is known of the file. */
export interface HeaderForm {
  readonly letters: string;
  readonly length: number;
  readonly taken: number;
  readonly numbers: (header: ExtendedHeader, taken: number) => readonly number[];
}

export const programHeader: HeaderForm = {
  letters: "eh00",
  length: 32,
  taken: 32,
  numbers: ({ flatBufferEnd, segmentBase, segmentBytes }) => [flatBufferEnd, segmentBase, segmentBytes],
};

export const dataHeader: HeaderForm = {
  letters: "FH01",
  length: 40,
  taken: 48,
  numbers: ({ flatBufferEnd, segmentBase, segmentBytes }, taken) => [
    taken,
    flatBufferEnd - taken,
    segmentBase,
    segmentBytes,
  ],
};

/**
 * A FlatBuffer in parts, with a header in it, and its segments behind it at a multiple of `align`. The header takes a multiple
 * of 16 bytes, so what is aligned in the FlatBuffer stays so.
 */
export function insertHeader(
  [head, ...rest]: readonly Uint8Array[],
  { letters, length, taken, numbers }: HeaderForm,
  segments: AlignedParts,
  align: number,
): Uint8Array[] {
  const start = new Uint8Array(headerAt + taken);
  const view = new DataView(start.buffer);
  start.set(head!.subarray(0, headerAt));
  view.setUint32(0, view.getUint32(0, true) + taken, true);
  start.set(new TextEncoder().encode(letters), headerAt);
  view.setUint32(headerAt + 4, length, true);
  const flatBuffer = [start, head!.subarray(headerAt), ...rest];
  const flatBufferEnd = sizeOf(flatBuffer);
  const segmentBase = Math.ceil(flatBufferEnd / align) * align;
  numbers({ flatBufferEnd, segmentBase, segmentBytes: segments.size }, taken).forEach((number, i) => {
    view.setBigUint64(headerAt + 8 + 8 * i, BigInt(number), true);
  });
  return [...flatBuffer, new Uint8Array(segmentBase - flatBufferEnd), ...segments.parts];
}
