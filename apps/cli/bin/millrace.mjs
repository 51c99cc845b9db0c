#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sourceStamp } from "./source-stamp.mjs";

/** Whether `npm run build` was run since the sources changed, or there are none to be older than. */
function isBuilt() {
  try {
    const stamp = readFileSync(new URL("../dist/sources.txt", import.meta.url), "utf8");
    const current = sourceStamp(fileURLToPath(new URL("../../../", import.meta.url)));
    return current === undefined || current === stamp;
  } catch {
    return false;
  }
}

async function fromSources() {
  const { register } = await import("tsx/esm/api");
  register({ tsconfig: false });
  return import("../src/main.ts");
}

const { main } = await (isBuilt() ? import("../dist/main.mjs") : fromSources());
await main(process.argv.slice(2));
