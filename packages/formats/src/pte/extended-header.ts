import type { Trail } from "../flatbuffer/trail.ts";

/** Where in a file its FlatBuffer ends and its segments lie, in bytes from the start. */
export interface ExtendedHeader {
  readonly flatBufferEnd: number;
  readonly segmentBase: number;
  readonly segmentBytes: number;
}

/** Where a header begins: behind the root's offset and the identifier. */
export const headerAt = 8;
const damaged = "the file is damaged or was made to mislead; export it again";
const cutOff = "the file is cut off or damaged; fetch or export it again";

/**
 * The header of a program (letters eh00), which stands between the FlatBuffer's first eight bytes and the rest of it. A file
 * without it is all FlatBuffer.
 */
export function readProgramHeader(bytes: Uint8Array, trail: Trail): ExtendedHeader {
  if (lettersAt(bytes) !== "eh00") return { flatBufferEnd: bytes.length, segmentBase: bytes.length, segmentBytes: 0 };
  const view = headerView(bytes, 24, trail);
  const flatBufferEnd = size(view, 8);
  const segmentBase = size(view, 16);
  const told = view.byteLength >= 32 ? size(view, 24) : 0;
  const segmentBytes = segmentBase === 0 ? 0 : told || Math.max(0, bytes.length - segmentBase);
  return checked(bytes, { flatBufferEnd, segmentBase, segmentBytes }, trail);
}

/** The header of a data file (letters FH01), which stands in the same place. */
export function readDataHeader(bytes: Uint8Array, trail: Trail): ExtendedHeader {
  const view = headerView(bytes, 40, trail);
  if (lettersAt(bytes) !== "FH01") trail.fail("malformed", 'bytes 8 to 11 are not "FH01"', damaged);
  const flatBufferEnd = size(view, 8) + size(view, 16);
  return checked(bytes, { flatBufferEnd, segmentBase: size(view, 24), segmentBytes: size(view, 32) }, trail);
}

const lettersAt = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(headerAt, headerAt + 4));

const size = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** The bytes that the header says it has, of which there must be `least`. */
function headerView(bytes: Uint8Array, least: number, trail: Trail): DataView {
  const left = bytes.length - headerAt;
  if (left < least) trail.fail("truncated", `the file ends in its header, at byte ${bytes.length}`, cutOff);
  const length = new DataView(bytes.buffer, bytes.byteOffset + headerAt, 8).getUint32(4, true);
  if (length < least) trail.fail("malformed", `the header has ${length} bytes, less than ${least}`, damaged);
  return new DataView(bytes.buffer, bytes.byteOffset + headerAt, Math.min(length, left));
}

function checked(bytes: Uint8Array, header: ExtendedHeader, trail: Trail): ExtendedHeader {
  const { flatBufferEnd, segmentBase, segmentBytes } = header;
  const end = Math.max(flatBufferEnd, segmentBase + segmentBytes);
  if (end > bytes.length) {
    trail.fail("truncated", `the header tells of ${end} bytes, but the file ends at ${bytes.length}`, cutOff);
  }
  if (segmentBytes > 0 && segmentBase < flatBufferEnd) {
    trail.fail(
      "malformed",
      `segments from byte ${segmentBase} on overlap the FlatBuffer before ${flatBufferEnd}`,
      damaged,
    );
  }
  return header;
}
