import { expect, test } from "vitest";
import { compileModule, readGenerated, sourceOf } from "./build-wasm.ts";

test("the WebAssembly module is what the AssemblyScript compiles to; else `npm run build:wasm` brings it up to date", async () => {
  expect(readGenerated()).toBe(sourceOf(await compileModule()));
});
