import { access, constants, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { fail } from "@millrace/ir";

const endings = process.platform === "win32" ? [".exe"] : [""];
const mostFolders = 40;

/**
 * Full path of an executable file: `name` itself if it has a folder in it, else the first of that name in the folders of the PATH. Throws
 * `tool.not-found`, which says where it looked, and with `hint` what to do.
 */
export async function findExecutable(name: string, hint: string): Promise<string> {
  if (/[/\\]/.test(name)) {
    if (await isExecutable(name)) return resolve(name);
    return fail("tool.not-found", `${name} is no file that can be executed`, { hint });
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const ending of endings) {
      const path = resolve(join(folder, `${name}${ending}`));
      if (await isExecutable(path)) return path;
    }
  }
  const more = folders.length > mostFolders ? ` and ${folders.length - mostFolders} more` : "";
  const searched = folders.length === 0 ? "is empty" : `holds ${folders.slice(0, mostFolders).join(", ")}${more}`;
  return fail("tool.not-found", `${name} is in no folder of the PATH, which ${searched}`, { hint });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
