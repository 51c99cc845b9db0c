import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpy } from "@millrace/formats/npy";
import { feedsOf, load, realOutputs, referenceEngine } from "@millrace/toolkit";
import { type Browser, chromium } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PageResult } from "./page.ts";

const executable = "/usr/bin/chromium";
const examples = fileURLToPath(new URL("../../../examples/digits/", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = join(folder, normalize(new URL(request.url ?? "/", "http://localhost").pathname));
    if (!existsSync(path) || extname(path) === "") return void response.writeHead(404).end();
    response
      .writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" })
      .end(readFileSync(path));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe.skipIf(!existsSync(executable))("toolkit in a browser (needs Debian's chromium)", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-browser-"));
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    await build({
      configFile: false,
      logLevel: "error",
      root: fileURLToPath(new URL(".", import.meta.url)),
      worker: { format: "es" },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: "es2022",
        assetsInlineLimit: 0,
        rollupOptions: {
          input: fileURLToPath(new URL("page.ts", import.meta.url)),
          output: { entryFileNames: "page.js" },
        },
      },
    });
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><title>Millrace</title><script type="module" src="/page.js"></script>',
    );
    server = await serve(folder);
    browser = await chromium.launch({
      executablePath: executable,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
  }, 120_000);

  async function openPage() {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`);
    await page.waitForFunction(() => "convertHere" in globalThis);
    return { page, failures };
  }

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("converts and quantizes the digits model, and the result recognizes digits", async () => {
    const { page, failures } = await openPage();
    const model = [...readFileSync(join(examples, "digits.onnx"))];
    const drawings = readNpy(new Uint8Array(readFileSync(join(examples, "golden_in.npy"))));
    const samples = [...(drawings.data as Float32Array)];
    const result = (await page.evaluate(
      ([bytes, values]) =>
        (globalThis as unknown as { convertHere(...parts: unknown[]): Promise<unknown> }).convertHere(
          bytes,
          [1, 28, 28],
          values,
        ),
      [model, samples] as const,
    )) as PageResult;
    expect(failures).toEqual([]);
    expect(result.htmlLength).toBeGreaterThan(1000);
    expect(JSON.parse(result.report)).toMatchObject({
      graph: { transposes: 0 },
      quantization: { scheme: "int8", samples: 8 },
    });
    await expectSameChoices(Uint8Array.from(result.files[0].bytes), drawings.data as Float32Array);
  }, 120_000);

  test("Web Workers give the integers of the engine in the page", async () => {
    const { page, failures } = await openPage();
    const model = [...readFileSync(join(examples, "digits_int8_tf.tflite"))];
    const [expected, ...others] = await page.evaluate(
      (bytes) =>
        (globalThis as unknown as { runInThreads(model: readonly number[]): Promise<number[][]> }).runInThreads(bytes),
      model,
    );
    expect(failures).toEqual([]);
    expect(expected).toHaveLength(10);
    expect(others).toEqual([expected, expected]);
  }, 120_000);
});

/** The first four drawings are clear digits: the int8 model has to choose as PyTorch did. */
async function expectSameChoices(bytes: Uint8Array, drawings: Float32Array): Promise<void> {
  const { graph } = load({ name: "digits_int8.tflite", bytes });
  const golden = readNpy(new Uint8Array(readFileSync(join(examples, "golden_out.npy")))).data as Float32Array;
  const prepared = await referenceEngine().prepare(graph);
  for (let index = 0; index < 4; index++) {
    const data = drawings.slice(index * 784, (index + 1) * 784);
    const feeds = feedsOf(graph, new Map([[graph.inputs[0].name, { dtype: "f32", shape: [1, 28, 28, 1], data }]]));
    const [scores] = [...realOutputs(graph, await prepared.run(feeds)).values()];
    const best = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));
    expect(best(scores.data as Float32Array)).toBe(best(golden.subarray(index * 10, index * 10 + 10)));
  }
}
