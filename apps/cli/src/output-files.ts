import { randomUUID } from "node:crypto";
import { access, constants, mkdir, open, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { RequestError, systemCode, systemReason } from "./request-error.ts";

export interface OutputFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes files, all of them or none: each under a temporary name in its own folder, then all renamed. Folders of `folders` are made if they are
 * missing. Throws a RequestError for what `checkOutput` refuses and for what can't be written, and the signal's reason when it is aborted.
 */
export async function writeOutputs(
  files: readonly OutputFile[],
  options: { readonly inputs: readonly string[]; readonly signal: AbortSignal; readonly folder?: string },
): Promise<void> {
  const made = options.folder === undefined ? [] : await makeFolder(options.folder);
  const temporaries = files.map(({ path }) => join(dirname(path), `.millrace-${process.pid}-${randomUUID()}`));
  const placed: string[] = [];
  try {
    for (const { path } of files) await checkOutput(path, options.inputs);
    for (const [index, { path, bytes }] of files.entries())
      await writeNew(temporaries[index], bytes, path, options.signal);
    options.signal.throwIfAborted();
    for (const [index, { path }] of files.entries()) {
      await rename(temporaries[index], path).catch((error: unknown) => {
        throw unwritable(path, error);
      });
      placed.push(path);
    }
  } catch (error) {
    for (const path of [...temporaries, ...placed]) await rm(path, { force: true }).catch(() => undefined);
    for (const path of made.reverse()) await rmdir(path).catch(() => undefined);
    throw error;
  }
}

async function writeNew(temporary: string, bytes: Uint8Array, path: string, signal: AbortSignal): Promise<void> {
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes, { signal });
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unwritable(path, error);
  }
}

/** Checks before any work that `path` can be written and is none of the inputs. Throws a RequestError `output.…`. */
export async function checkOutput(path: string, inputs: readonly string[]): Promise<void> {
  await checkFolder(dirname(path));
  const present = await stat(path).catch(() => undefined);
  if (present === undefined) return;
  if (!present.isFile()) {
    throw new RequestError("output.not-a-file", `${path} exists and is not a file`, {
      hint: "choose another name",
      where: path,
    });
  }
  const target = await realpath(path);
  for (const input of inputs) {
    if ((await realpath(input).catch(() => undefined)) === target) {
      throw new RequestError("output.is-input", `${path} is the input ${input}, which is never overwritten`, {
        hint: "choose another name for the output",
        where: path,
      });
    }
  }
}

/** Checks before any work that `folder`, or the folder it would be made in, is there and can be written to. */
export async function checkOutputFolder(folder: string): Promise<void> {
  let nearest = resolve(folder);
  while ((await statusOf(nearest)) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest);
  await checkFolder(nearest);
}

async function checkFolder(folder: string): Promise<void> {
  const status = await statusOf(folder);
  if (!status?.isDirectory()) {
    const problem = status === undefined ? "does not exist" : "is not a folder";
    throw new RequestError("output.no-folder", `the output's folder ${folder} ${problem}`, {
      hint: "create it, or choose another path",
      where: folder,
    });
  }
  await access(folder, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
}

async function statusOf(path: string) {
  return stat(path).catch((error: unknown) => {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw unwritable(path, error);
  });
}

/** Makes a folder; the folders that were missing, outermost first. */
async function makeFolder(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let path = resolve(folder); (await statusOf(path)) === undefined; path = dirname(path)) missing.unshift(path);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  return missing;
}

function unwritable(path: string, error: unknown): RequestError {
  return new RequestError("output.unwritable", `${path} can't be written: ${systemReason(error)}`, {
    hint: "check the folder, its permissions and the space on the disk",
    where: path,
  });
}
