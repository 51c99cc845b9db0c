import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * A text that differs once a source file of the command line below `root`, the workspace's folder, was changed, added or taken away: their
 * number, bytes and newest time. Undefined where there are no sources, as in a published package.
 */
export function sourceStamp(root) {
  if (!existsSync(join(root, "apps/cli/src/main.ts"))) return undefined;
  const packages = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "src"));
  const folders = [join(root, "apps/cli/src"), ...packages.filter((folder) => existsSync(folder))];
  const manifests = ["package-lock.json", "apps/cli/package.json"].map((name) => join(root, name));
  let [count, bytes, newest] = [0, 0, 0];
  for (const path of [...manifests, ...folders.flatMap(filesIn)]) {
    const status = statSync(path, { throwIfNoEntry: false });
    count++;
    bytes += status?.size ?? 0;
    newest = Math.max(newest, status?.mtimeMs ?? 0);
  }
  return `${count} files, ${bytes} bytes, ${newest}`;
}

function filesIn(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !/\.test(ing)?\.ts$/.test(name)).map((name) => join(folder, name));
}
