import type { Source } from "../flatbuffer/source.ts";
import { AlignedParts, sharing } from "./aligned-parts.ts";
import type { ExtendedHeader } from "./extended-header.ts";

/** A segment's place in the file, in bytes. */
export interface Segment {
  readonly at: number;
  readonly size: number;
}

interface StoredSegment {
  readonly offset: bigint;
  readonly size: bigint;
}

/** The places of the listed segments; fails where one leaves the part of the file that is for them. */
export function placeSegments(
  stored: readonly StoredSegment[],
  { segmentBase, segmentBytes }: ExtendedHeader,
  { trail }: Source,
): Segment[] {
  return trail.each("segments", stored, ({ offset, size }) => {
    if (offset + size > BigInt(segmentBytes)) {
      const problem = `the segment of ${size} bytes at ${offset} leaves the ${segmentBytes} bytes that there are for segments`;
      trail.fail("malformed", problem, "the file is cut off or damaged; fetch or export it again");
    }
    return { at: segmentBase + Number(offset), size: Number(size) };
  });
}

/** A segment's bytes, not copied. */
export const segmentData = (source: Source, { at, size }: Segment): Uint8Array => source.slice(at, size);

/** The segments of a file to be written. */
export class SegmentList {
  readonly stored: StoredSegment[] = [];
  readonly data: AlignedParts;

  /** `align` in bytes, of each segment. */
  constructor(align: number) {
    this.data = new AlignedParts(align);
  }

  /** Adds a segment of these parts and gives its index. */
  add(parts: readonly Uint8Array[], size: number): number {
    const offset = this.data.append(parts, size);
    return this.stored.push({ offset: BigInt(offset), size: BigInt(size) }) - 1;
  }

  /** As `add`, but the same bytes of the same buffer become one segment. */
  readonly addShared = sharing((data) => this.add([data], data.length));
}
