import { type UnzipFileInfo, unzipSync, zipSync } from "fflate";
import { FormatError } from "../error.ts";
import type { NpyArray } from "./array.ts";
import { readNpy, writeNpy } from "./npy.ts";

export interface NpzOptions {
  /** Bytes that all arrays together may take when unpacked. Default 2 GiB. */
  readonly maximumBytes?: number;
}

/** Deflate can't shrink by more: a member that claims it lies about its size. */
const maximumRatio = 1032;
/** Bytes of a member's directory entry at least. */
const entryBytes = 46;
const hint = "Save the arrays again with numpy.savez.";
/** A fixed time, so that equal arrays give equal files. */
const mtime = new Date(1980, 0, 1);

/**
 * Reads the arrays of numpy.savez or savez_compressed by name, without `.npy`. A name is only a key: one with `..` reaches no file.
 * Throws FormatError `npz.malformed`, `npz.too-large` (sizes are checked as declared, before anything is unpacked), `npz.duplicate`, and
 * those of `readNpy` with the member as `where`. Checksums are not verified.
 */
export function readNpz(bytes: Uint8Array, options: NpzOptions = {}): Map<string, NpyArray> {
  const { maximumBytes = 2 ** 31 } = options;
  const names = new Set<string>();
  let total = 0;
  const check = ({ name, size, originalSize, compression }: UnzipFileInfo): boolean => {
    const member = JSON.stringify(name);
    total += originalSize;
    if (total > maximumBytes)
      throw failure(
        "too-large",
        `declares ${total} bytes and more`,
        `Raise the limit, which is ${maximumBytes} bytes.`,
      );
    if (size > bytes.length || originalSize > size * maximumRatio || (compression === 0 && originalSize !== size))
      throw failure("malformed", `declares ${originalSize} bytes for the ${size} of ${member}`, hint);
    if (names.has(name)) throw failure("duplicate", `has the member ${member} twice`, "Give each array its own name.");
    names.add(name);
    if (names.size * entryBytes > bytes.length) throw failure("malformed", "has an endless directory", hint);
    return !name.endsWith("/");
  };
  const members = Object.entries(unzip(bytes, check));
  return new Map(members.map(([name, member]) => [name.replace(/\.npy$/, ""), readMember(name, member)]));
}

/** Writes arrays as numpy.savez does, uncompressed; equal arrays give equal files. Throws those of `writeNpy`. */
export function writeNpz(arrays: ReadonlyMap<string, NpyArray>): Uint8Array {
  const members = [...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)] as const);
  return zipSync(Object.fromEntries(members), { level: 0, mtime });
}

function unzip(bytes: Uint8Array, filter: (file: UnzipFileInfo) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw failure("malformed", `is not a readable zip (${(error as Error).message})`, hint);
  }
}

function readMember(name: string, member: Uint8Array): NpyArray {
  try {
    return readNpy(member);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.code, `${name}: ${error.message}`, { hint: error.hint, where: name });
  }
}

function failure(code: string, problem: string, advice: string): FormatError {
  return new FormatError(`npz.${code}`, `The .npz file ${problem}.`, { hint: advice });
}
