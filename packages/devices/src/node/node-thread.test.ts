import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { threadedEngine, wasmEngine } from "@millrace/runtime";
import { load, syntheticInputs } from "@millrace/toolkit";
import { expect, test } from "vitest";
import { startNodeThread } from "./node-thread.ts";

const model = fileURLToPath(new URL("../../../../examples/digits/digits_int8_tf.tflite", import.meta.url));

test("worker threads give the integers of one engine", async () => {
  expect(existsSync(model)).toBe(true);
  const { graph } = load({ name: model, bytes: new Uint8Array(readFileSync(model)) });
  const threaded = await threadedEngine({ engine: "wasm", threads: 2, start: () => startNodeThread() }).prepare(graph);
  const single = await wasmEngine().prepare(graph);
  const feeds = syntheticInputs(graph);
  const expected = await single.run(feeds);
  const results = await Promise.all([1, 2, 3, 4].map(() => threaded.run(feeds)));
  for (const result of results) expect(result).toEqual(expected);
  const pending = threaded.run(feeds);
  await threaded.dispose();
  await expect(pending).rejects.toMatchObject({ diagnostics: [{ code: "runtime.disposed" }] });
}, 60_000);

test("a script that is not there ends the thread with a diagnostic", async () => {
  const { graph } = load({ name: model, bytes: new Uint8Array(readFileSync(model)) });
  const start = () => startNodeThread(new URL("./none.mjs", import.meta.url));
  await expect(threadedEngine({ engine: "wasm", threads: 1, start }).prepare(graph)).rejects.toMatchObject({
    diagnostics: [{ code: "runtime.thread-ended" }],
  });
});
