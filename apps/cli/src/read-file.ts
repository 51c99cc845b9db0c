import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { RequestError, systemCode, systemReason } from "./request-error.ts";

const greatestSize = 2 ** 32;
const pieceSize = 2 ** 30;

/** The bytes of a regular file of up to 4 GiB; never waits for a pipe. Throws RequestError `file.missing`, `file.unreadable` or `file.too-large`. */
export function readWholeFile(path: string): Uint8Array {
  try {
    return readDescriptor(path, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw unreadable(path, error);
  }
}

/**
 * Reads files by names relative to `folder`, each once. A name that leads outside, also by way of symbolic links, throws
 * RequestError `file.outside-folder`; one that does not exist gives undefined.
 */
export function folderReader(folder: string): { read(name: string): Uint8Array | undefined } {
  const known = new Map<string, Uint8Array | undefined>();
  return {
    read(name) {
      if (!known.has(name)) known.set(name, readInside(folder, name));
      return known.get(name);
    },
  };
}

function readInside(folder: string, name: string): Uint8Array | undefined {
  try {
    const root = realpathSync(folder);
    const target = realpathSync(join(root, name));
    if (!isInside(root, target)) throw outside(name, folder);
    return readWholeFile(target);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (systemCode(error) === undefined) throw error;
    throw unreadable(name, error);
  }
}

function isInside(root: string, target: string): boolean {
  const path = relative(root, target);
  return path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

function readDescriptor(path: string, descriptor: number): Uint8Array {
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw notRegular(path);
    if (status.size > greatestSize) throw tooLarge(path, status.size);
    const bytes = new Uint8Array(status.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(descriptor, bytes, length, Math.min(pieceSize, bytes.length - length), length);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function unreadable(path: string, error: unknown): RequestError {
  const missing = systemCode(error) === "ENOENT";
  return new RequestError(
    missing ? "file.missing" : "file.unreadable",
    `${path} can't be read: ${systemReason(error)}`,
    {
      hint: missing
        ? "check the path; relative ones start from the current folder"
        : "check the file and its permissions",
      where: path,
    },
  );
}

function notRegular(path: string): RequestError {
  return new RequestError("file.unreadable", `${path} is not a regular file`, {
    hint: "name a file, not a folder or a device",
    where: path,
  });
}

function tooLarge(path: string, size: number): RequestError {
  return new RequestError("file.too-large", `${path} has ${size} bytes; at most ${greatestSize} can be read`, {
    hint: "store large weights as external data in several files",
    where: path,
  });
}

function outside(name: string, folder: string): RequestError {
  return new RequestError(
    "file.outside-folder",
    `the model refers to ${name}, which lies outside of its folder ${folder}`,
    {
      hint: "put the file itself, not a link to it, beside the model",
      where: name,
    },
  );
}
