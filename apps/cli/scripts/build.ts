import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { sourceStamp } from "../bin/source-stamp.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** CommonJS packages in the bundle require Node's own modules. */
const requireInModules =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** Bundles the command line and the script of its threads into `folder`, with what a command loads only when it is needed in files of their own. */
export async function buildCli(folder: string): Promise<void> {
  const stamp = sourceStamp(root);
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: ["main.ts", "run-thread.ts"].map((name) => join(root, "apps/cli/src", name)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["onnxruntime-node", "highs"],
    banner: { js: requireInModules },
    logLevel: "warning",
  });
  writeFileSync(join(folder, "sources.txt"), stamp ?? "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildCli(join(root, "apps/cli/dist"));
