import { DatasetError, naming } from "./error.ts";

/**
 * Read-only access to a folder or a set of files; names are relative with forward slashes.
 * `read` rejects with an error whose code is `data.missing-file` when the file is absent; `list` gives every file, those of
 * subfolders too, in any order.
 */
export interface Files {
  read(name: string): Promise<Uint8Array>;
  list(): Promise<readonly string[]>;
}

/** Files that are already in memory: an upload, a fetched bundle, a test. */
export function memoryFiles(entries: ReadonlyMap<string, Uint8Array>): Files {
  return {
    async read(name) {
      const bytes = entries.get(name);
      if (bytes === undefined) throw missing(name, [...entries.keys()]);
      return bytes;
    },
    list: async () => [...entries.keys()],
  };
}

/** The bytes of a file, as a plain Uint8Array whatever subclass came. Every failure is a DatasetError that names the file. */
export function readFile(files: Files, name: string): Promise<Uint8Array> {
  return naming(name, "data.unreadable-file", "Check that the file can be read.", async () => {
    const bytes = await files.read(name);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
}

/** The names of all files. Every failure is a DatasetError. */
export function listFiles(files: Files): Promise<readonly string[]> {
  return naming("the data's folder", "data.unreadable-file", "Check that the folder can be read.", () => files.list());
}

export function isMissing(error: unknown): boolean {
  return error instanceof DatasetError && error.code === "data.missing-file";
}

/** Whether a name stays inside its folder: relative, forward slashes, no `..`, no drive letter, no control characters. */
export function isSafeName(name: string): boolean {
  if (name === "" || name.startsWith("/") || name.includes("\\") || /^[A-Za-z]:\//.test(name)) return false;
  if ([...name].some((character) => character < " ")) return false;
  return !name.split("/").includes("..");
}

/** `name` inside `folder`, where "." is the dataset's own folder. Throws `data.unsafe-name` if it would leave it. */
export function joinNames(folder: string, name: string): string {
  if (!isSafeName(name)) {
    throw new DatasetError(
      "data.unsafe-name",
      `The file name ${JSON.stringify(name.slice(0, 200))} leaves the dataset's folder`,
      {
        hint: "Name files relative to the dataset's folder, with forward slashes and without ..",
        where: name.slice(0, 200),
      },
    );
  }
  return [...folder.split("/"), ...name.split("/")].filter((part) => part !== "" && part !== ".").join("/");
}

function missing(name: string, present: readonly string[]): DatasetError {
  const shown = present.slice(0, 8).join(", ");
  return new DatasetError("data.missing-file", `There is no file ${name}`, {
    hint:
      present.length > 0 ? `The files are ${shown}${present.length > 8 ? ", …" : ""}.` : "There are no files at all.",
    where: name,
  });
}
