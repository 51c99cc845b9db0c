import { lstat, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail } from "@millrace/ir";
import { type ChildEnding, runChild } from "./child-process.ts";
import { folderFiles } from "./files.ts";

/** What a tool is to do. */
export interface ToolJob {
  readonly arguments: readonly string[];
  /** The file that it finds in its folder, which is empty else. */
  readonly input: { readonly name: string; readonly bytes: Uint8Array };
  /** Whether a file that it leaves in its folder is of interest. */
  wants(name: string): boolean;
}

export interface ToolResult extends ChildEnding {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const greatestFile = 2 ** 31;

/**
 * Runs an executable file in a new folder, which is removed after. Throws `tool.not-started`, `tool.file-too-large`, and the signal's reason
 * when it is aborted.
 */
export async function runTool(
  executable: string,
  job: ToolJob,
  options: { readonly seconds: number; readonly signal?: AbortSignal },
): Promise<ToolResult> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-tool-"));
  try {
    await writeFile(join(folder, job.input.name), job.input.bytes);
    const ending = await runChild(executable, job.arguments, { ...options, folder });
    options.signal?.throwIfAborted();
    return { ...ending, files: await filesIn(folder, job) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function filesIn(folder: string, job: ToolJob): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await readdir(folder)).filter((name) => job.wants(name))) {
    const status = await lstat(join(folder, name));
    if (!status.isFile()) continue;
    if (status.size > greatestFile)
      fail("tool.file-too-large", `the tool left ${name}, which has ${status.size} bytes`, {
        hint: "files of up to 2 GiB can be read",
      });
    files.set(name, await folderFiles(folder).read(name));
  }
  return files;
}
