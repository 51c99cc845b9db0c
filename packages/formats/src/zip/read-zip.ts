import { inflateSync } from "fflate";
import { FormatError } from "../error.ts";
import { type DirectoryEntry, readDirectory } from "./directory.ts";

export interface ZipOptions {
  /** Bytes that all members together may take when unpacked. Default 1 GiB more than the archive has. */
  readonly maximumBytes?: number;
}

/** A file of a zip archive. A name is only a key: one with `..` reaches no file, and is refused all the same. */
export interface ZipMember {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly size: number;
  /**
   * Its contents: a view of the archive where they are stored as they are, else unpacked once. Throws FormatError `zip.malformed`
   * for bad compressed data.
   */
  bytes(): Uint8Array;
}

/** Deflate can't shrink by more: a member that claims it lies about its size. */
const maximumRatio = 1032;
const localSignature = 0x04034b50;
const localBytes = 30;
const hint = "Save or download the file again.";

/**
 * The members of a zip archive (PKWARE's APPNOTE, zip64 too) by name, in the directory's order, without folders. Everything the
 * directory says is checked before anything is unpacked: FormatError `zip.not-zip`, `zip.malformed` (places past the end or on top
 * of each other among it), `zip.name` (absolute or with `..`), `zip.duplicate`, `zip.too-large`, `zip.unsupported` (encryption,
 * other compressions, several disks). Checksums are not verified.
 */
export function readZip(
  bytes: Uint8Array,
  { maximumBytes = bytes.length + 2 ** 30 }: ZipOptions = {},
): ReadonlyMap<string, ZipMember> {
  const { entries, start } = readDirectory(bytes);
  const members = new Map<string, ZipMember>();
  const places: Place[] = [];
  let total = 0;
  for (const entry of entries) {
    checkName(entry.name);
    checkSize(entry);
    total += entry.size;
    if (total > maximumBytes)
      throw failure("too-large", `declares ${total} bytes and more`, `The limit is ${maximumBytes} bytes.`);
    const place = placeOf(bytes, entry, start);
    places.push(place);
    if (entry.name.endsWith("/")) continue;
    if (members.has(entry.name)) throw failure("duplicate", `has the member ${quoted(entry.name)} twice`, hint);
    members.set(entry.name, memberOf(entry, bytes.subarray(place.data, place.end)));
  }
  checkOverlaps(places);
  return members;
}

function memberOf(entry: DirectoryEntry, packed: Uint8Array): ZipMember {
  const { name, size, method } = entry;
  let unpacked = method === 0 ? packed : undefined;
  const bytes = (): Uint8Array => {
    unpacked ??= inflate(packed, entry);
    return unpacked;
  };
  return { name, size, bytes };
}

/** Where a member's local header begins, where its data does, and where that ends. */
interface Place {
  readonly name: string;
  readonly header: number;
  readonly data: number;
  readonly end: number;
}

/** The local header's own sizes may be missing, but its name and padding say where the data begins. */
function placeOf(bytes: Uint8Array, { name, offset, packedSize }: DirectoryEntry, directory: number): Place {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + localBytes > directory || view.getUint32(offset, true) !== localSignature)
    throw failure("malformed", `has no member at ${offset}, where ${quoted(name)} should be`, hint);
  const data = offset + localBytes + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const end = data + packedSize;
  if (end > directory)
    throw failure(
      "malformed",
      `has ${packedSize} bytes of ${quoted(name)} at ${data}, past the end of its members`,
      hint,
    );
  return { name, header: offset, data, end };
}

function checkName(name: string): void {
  const parts = name.split(/[/\\]/);
  if (name !== "" && !name.includes("\0") && parts[0] !== "" && !/^[a-z]:/i.test(name) && !parts.includes("..")) return;
  throw failure(
    "name",
    `has a member with the name ${quoted(name)}, which leads out of it`,
    "Do not use this file, or pack it again.",
  );
}

function checkSize({ name, method, size, packedSize, encrypted }: DirectoryEntry): void {
  if (encrypted)
    throw failure("unsupported", `has the encrypted member ${quoted(name)}`, "Pack the file again without a password.");
  if (method !== 0 && method !== 8)
    throw failure(
      "unsupported",
      `has ${quoted(name)} in compression ${method}`,
      "Pack the file again, stored or deflated.",
    );
  if (method === 0 ? size !== packedSize : size > packedSize * maximumRatio)
    throw failure("malformed", `declares ${size} bytes for the ${packedSize} of ${quoted(name)}`, hint);
}

function checkOverlaps(places: Place[]): void {
  places.sort((a, b) => a.header - b.header);
  for (let index = 1; index < places.length; index++) {
    const [before, after] = [places[index - 1]!, places[index]!];
    if (after.header < before.end)
      throw failure("malformed", `has ${quoted(after.name)} on top of ${quoted(before.name)}`, "Do not use this file.");
  }
}

/** Unpacks into exactly the declared size, one byte more than which shows that the declaration is wrong. */
function inflate(packed: Uint8Array, { name, size }: DirectoryEntry): Uint8Array {
  const wrong = (problem: string) => failure("malformed", `has a member ${quoted(name)} that ${problem}`, hint);
  let result: Uint8Array;
  try {
    result = inflateSync(packed, { out: new Uint8Array(size + 1) });
  } catch (error) {
    throw wrong(`can't be unpacked (${(error as Error).message})`);
  }
  if (result.length !== size) throw wrong(`has not the ${size} bytes it declares`);
  return result;
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}...` : name);
}

function failure(code: string, problem: string, advice: string): FormatError {
  return new FormatError(`zip.${code}`, `The zip archive ${problem}.`, { hint: advice });
}
