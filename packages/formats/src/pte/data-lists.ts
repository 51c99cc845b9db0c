import type { Source } from "../flatbuffer/source.ts";
import type { Trail } from "../flatbuffer/trail.ts";
import { AlignedParts, sharing } from "./aligned-parts.ts";
import type { DataNeeds } from "./data-needs.ts";
import type { Segment } from "./segments.ts";

/** Where tensors' data begins, in bytes, as the format wants it. */
const tensorAlignment = 16;

const none = new Uint8Array(0);

const damaged = "the file is cut off or damaged; fetch or export it again";

/**
 * A list of data stored in one segment, as views: each from its offset on, as long as its largest tensor, or until the next
 * offset where no tensor has it. The first entry is empty, whatever its offset.
 */
export function readDataList(
  offsets: readonly bigint[],
  segment: Segment,
  needs: DataNeeds,
  source: Source,
): Uint8Array[] {
  const nextOf = followers(offsets, segment.size);
  return source.trail.each("offsets", offsets, (offset, i) => {
    if (i === 0) return none;
    const size = needs.get(i) ?? nextOf.get(offset)! - Number(offset);
    if (offset > segment.size || Number(offset) + size > segment.size) {
      const problem = `${size} bytes at ${offset} leave the segment of ${segment.size} bytes`;
      source.trail.fail("malformed", problem, damaged);
    }
    return source.slice(segment.at + Number(offset), size);
  });
}

/** For each offset the next greater one, or the end. */
function followers(offsets: readonly bigint[], end: number): Map<bigint, number> {
  const ordered = [...new Set(offsets)].sort((a, b) => (a < b ? -1 : 1));
  return new Map(ordered.map((offset, i) => [offset, Math.max(Number(offset), Number(ordered[i + 1] ?? end))]));
}

/** A list of data stored inside the FlatBuffer, as old programs have it, cut to what tensors need. */
export function readInlineData(
  buffers: readonly { storage?: Uint8Array }[],
  needs: DataNeeds,
  trail: Trail,
): Uint8Array[] {
  const data = buffers.map(({ storage = none }, i) => (i === 0 ? none : storage));
  checkData("constantBuffer", data, needs, trail);
  return data.map((storage, i) => storage.subarray(0, needs.get(i)));
}

/** Fails with `malformed` where data is shorter than a tensor that has it. */
export function checkData(name: string, data: readonly Uint8Array[], needs: DataNeeds, trail: Trail): void {
  trail.each(name, data, ({ length }, i) => {
    const needed = needs.get(i) ?? 0;
    if (needed > length) trail.fail("malformed", `${length} bytes for a tensor of ${needed} bytes`, damaged);
  });
}

/**
 * A list of data to be written: its offsets, and the content of its segment. The same bytes of the same buffer are stored once. Where all
 * data are empty the segment is not: ExecuTorch's runtime takes a segment of no bytes for none at all and refuses the method.
 */
export function packDataList(data: readonly Uint8Array[]): { offsets: bigint[]; content: AlignedParts } {
  const content = new AlignedParts(tensorAlignment);
  const place = sharing((part) => content.append([part], part.length));
  const offsets = data.map((part, i) => BigInt(i === 0 ? 0 : place(part)));
  if (data.length > 1 && content.size === 0) content.append([new Uint8Array(tensorAlignment)], tensorAlignment);
  return { offsets, content };
}
