import { FormatError } from "../error.ts";
import { readZip, writeZip, type ZipMember } from "../zip/index.ts";
import type { NpyArray } from "./array.ts";
import { readNpy, writeNpy } from "./npy.ts";

export interface NpzOptions {
  /** Bytes that all arrays together may take when unpacked. Default 2 GiB. */
  readonly maximumBytes?: number;
}

/**
 * Reads the arrays of numpy.savez or savez_compressed by name, without `.npy`. Throws FormatError of `readZip` (sizes are checked as declared,
 * before anything is unpacked), and those of `readNpy` with the member as `where`.
 */
export function readNpz(bytes: Uint8Array, { maximumBytes = 2 ** 31 }: NpzOptions = {}): Map<string, NpyArray> {
  const members = [...readZip(bytes, { maximumBytes }).values()];
  return new Map(members.map((member) => [member.name.replace(/\.npy$/, ""), readMember(member)]));
}

/** Writes arrays as numpy.savez does, uncompressed; equal arrays give equal files. Throws those of `writeNpy`. */
export function writeNpz(arrays: ReadonlyMap<string, NpyArray>): Uint8Array {
  return writeZip(new Map([...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)])));
}

function readMember(member: ZipMember): NpyArray {
  const { name } = member;
  try {
    return readNpy(member.bytes());
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.code, `${name}: ${error.message}`, { hint: error.hint, where: name });
  }
}
