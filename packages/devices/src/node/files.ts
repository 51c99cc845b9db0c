import { constants } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";

/** Read-only access to the files of a folder by relative names with forward slashes. */
export interface FolderFiles {
  /** Rejects with an error of `code`, `hint` and `where`: `data.missing-file`, `data.unsafe-name` or `data.unreadable-file`. */
  read(name: string): Promise<Uint8Array>;
  /** Every regular file, those of subfolders too, sorted. Links are left out. */
  list(): Promise<readonly string[]>;
}

/**
 * The files of the folder at `path`; where `path` is a file, that file alone. Names that leave the folder are refused, also by
 * way of symbolic links, and so is what is not a regular file.
 */
export function folderFiles(path: string): FolderFiles {
  const root = openRoot(path);
  root.catch(() => undefined);
  return {
    async read(name) {
      const { folder, only } = await root;
      if (!isRelativeName(name)) throw unsafe(name);
      if (only !== undefined && name !== only) throw missing(name, path);
      const target = await realpath(join(folder, name)).catch((error: unknown) => {
        throw translated(error, name, path);
      });
      const inside = relative(folder, target);
      if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw unsafe(name);
      return readRegular(target, name, path);
    },
    async list() {
      const { folder, only } = await root;
      return only === undefined ? (await listFolder(folder)).sort() : [only];
    },
  };
}

interface Root {
  /** Real path. */
  readonly folder: string;
  /** The only file there is. */
  readonly only: string | undefined;
}

const greatestListing = 1_000_000;
const pieceBytes = 1 << 30;

async function openRoot(path: string): Promise<Root> {
  const whole = await realpath(path).catch((error: unknown) => {
    throw translated(error, path, path);
  });
  if ((await stat(whole)).isDirectory()) return { folder: whole, only: undefined };
  return { folder: dirname(whole), only: basename(whole) };
}

function isRelativeName(name: string): boolean {
  return (
    name !== "" && !isAbsolute(name) && !name.includes("\\") && !name.includes("\0") && !name.split("/").includes("..")
  );
}

/** Reads a path that is already resolved; not waiting for a pipe, nor following a link put there meanwhile. */
async function readRegular(target: string, name: string, path: string): Promise<Uint8Array> {
  const handle = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw translated(error, name, path);
    },
  );
  try {
    const status = await handle.stat();
    if (!status.isFile())
      throw failure(
        "data.unreadable-file",
        `${name} is not a regular file`,
        "Name a file, not a folder or a device.",
        name,
      );
    return await readWhole(handle, status.size);
  } finally {
    await handle.close();
  }
}

async function readWhole(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, Math.min(pieceBytes, size - length), length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

async function listFolder(folder: string): Promise<string[]> {
  const names: string[] = [];
  const pending = [""];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
      if (entry.isDirectory()) pending.push(`${prefix}${entry.name}/`);
      else if (entry.isFile()) names.push(`${prefix}${entry.name}`);
    }
    if (names.length + pending.length > greatestListing) {
      throw failure(
        "data.too-many-files",
        `${folder} holds more than ${greatestListing} files`,
        "Name the folder of the data itself.",
        folder,
      );
    }
  }
  return names;
}

function translated(error: unknown, name: string, path: string): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return missing(name, path);
  const reason = error instanceof Error ? error.message : String(error);
  return failure(
    "data.unreadable-file",
    `${name} can't be read: ${reason}`,
    "Check the file and its permissions.",
    name,
  );
}

function missing(name: string, path: string): Error {
  const message = name === path ? `There is no file or folder ${path}` : `There is no file ${name} in ${path}`;
  return failure("data.missing-file", message, "Check the name; names are relative to the folder of the data.", name);
}

function unsafe(name: string): Error {
  const shown = JSON.stringify(name.slice(0, 200));
  return failure(
    "data.unsafe-name",
    `${shown} leads outside the folder of the data`,
    "Name files inside the folder, by relative names.",
    shown,
  );
}

function failure(code: string, message: string, hint: string, where: string): Error {
  return Object.assign(new Error(message), { code, hint, where });
}
