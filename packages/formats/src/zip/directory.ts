import { FormatError } from "../error.ts";

/** A member as the archive's central directory describes it; `offset` is that of its local header. */
export interface DirectoryEntry {
  readonly name: string;
  /** 0 for stored, 8 for deflated. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

interface Directory {
  readonly entries: readonly DirectoryEntry[];
  /** Where the directory begins, before which all members must end. */
  readonly start: number;
}

interface End {
  readonly count: number;
  readonly size: number;
  readonly start: number;
  /** Where the records that end the archive begin. */
  readonly limit: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;
const entrySignature = 0x02014b50;
const endBytes = 22;
const end64Bytes = 56;
const locatorBytes = 20;
const entryBytes = 46;
const maximumComment = 0xffff;
const hint = "Save or download the file again.";

/** Whether the bytes begin as a zip archive with members does. */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Reads the central directory. Throws FormatError `zip.not-zip`, `zip.malformed` and `zip.unsupported` (several disks). */
export function readDirectory(bytes: Uint8Array): Directory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, size, start, limit } = findEnd(view);
  if (start + size > limit || count * entryBytes > size)
    throw failure("malformed", `has ${count} members in ${size} bytes of directory at ${start}, which do not fit`);
  const entries: DirectoryEntry[] = [];
  let offset = start;
  for (let index = 0; index < count; index++) {
    if (offset + entryBytes > start + size || view.getUint32(offset, true) !== entrySignature)
      throw failure("malformed", `has no directory entry ${index} at ${offset}`);
    const length =
      entryBytes +
      view.getUint16(offset + 28, true) +
      view.getUint16(offset + 30, true) +
      view.getUint16(offset + 32, true);
    if (offset + length > start + size)
      throw failure("malformed", `has a directory entry at ${offset} that is cut off`);
    entries.push(readEntry(view, offset));
    offset += length;
  }
  return { entries, start };
}

/** The end record is the last one that the comment behind it fills up to the end of the file. */
function findEnd(view: DataView): End {
  const first = Math.max(0, view.byteLength - endBytes - maximumComment);
  for (let offset = view.byteLength - endBytes; offset >= first; offset--) {
    if (view.getUint32(offset, true) !== endSignature) continue;
    if (offset + endBytes + view.getUint16(offset + 20, true) === view.byteLength) return readEnd(view, offset);
  }
  throw failure("not-zip", "has no end record, so it is no zip archive or cut off");
}

function readEnd(view: DataView, offset: number): End {
  const locator = offset - locatorBytes;
  if (locator >= 0 && view.getUint32(locator, true) === locatorSignature) return readEnd64(view, locator);
  const disks = [view.getUint16(offset + 4, true), view.getUint16(offset + 6, true)];
  if (disks.some((disk) => disk !== 0)) throw failure("unsupported", "is one of several disks");
  return {
    count: view.getUint16(offset + 10, true),
    size: view.getUint32(offset + 12, true),
    start: view.getUint32(offset + 16, true),
    limit: offset,
  };
}

function readEnd64(view: DataView, locator: number): End {
  const offset = safe(view.getBigUint64(locator + 8, true));
  if (offset + end64Bytes > locator || view.getUint32(offset, true) !== end64Signature)
    throw failure("malformed", `has no zip64 end record at ${offset}`);
  const disks = [view.getUint32(offset + 16, true), view.getUint32(offset + 20, true)];
  if (disks.some((disk) => disk !== 0)) throw failure("unsupported", "is one of several disks");
  return {
    count: safe(view.getBigUint64(offset + 32, true)),
    size: safe(view.getBigUint64(offset + 40, true)),
    start: safe(view.getBigUint64(offset + 48, true)),
    limit: offset,
  };
}

function readEntry(view: DataView, offset: number): DirectoryEntry {
  const nameLength = view.getUint16(offset + 28, true);
  const extra = offset + entryBytes + nameLength;
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset + entryBytes, nameLength));
  const narrow = [24, 20, 42].map((field) => view.getUint32(offset + field, true));
  const [size, packedSize, header] = widened(view, narrow, extra, extra + view.getUint16(offset + 30, true));
  return {
    name,
    method: view.getUint16(offset + 10, true),
    encrypted: (view.getUint16(offset + 8, true) & 1) === 1,
    size: size!,
    packedSize: packedSize!,
    offset: header!,
  };
}

/** Fields that are all ones stand, in their order and 64 bits wide, in the extra field with the tag 1. */
function widened(view: DataView, fields: readonly number[], start: number, end: number): number[] {
  if (!fields.includes(0xffffffff)) return [...fields];
  for (let offset = start; offset + 4 <= end; offset += 4 + view.getUint16(offset + 2, true)) {
    if (view.getUint16(offset, true) !== 1) continue;
    let next = offset + 4;
    const limit = Math.min(end, next + view.getUint16(offset + 2, true));
    return fields.map((field) => {
      if (field !== 0xffffffff) return field;
      next += 8;
      if (next > limit) throw failure("malformed", `has a zip64 field at ${offset} that is cut off`);
      return safe(view.getBigUint64(next - 8, true));
    });
  }
  throw failure("malformed", `has a directory entry without its zip64 field at ${start}`);
}

/** Beyond 2^53 nothing is in a file; such a number fails the checks that follow. */
function safe(value: bigint): number {
  return Number(value);
}

function failure(code: string, problem: string): FormatError {
  return new FormatError(`zip.${code}`, `The zip archive ${problem}.`, { hint });
}
