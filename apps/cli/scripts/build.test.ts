import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { sourceStamp } from "../bin/source-stamp.mjs";
import { buildCli } from "./build.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const digits = fileURLToPath(new URL("../../../examples/digits/digits.onnx", import.meta.url));

describe("the bundled command line", () => {
  it("does what the sources do", async () => {
    await buildCli(join(folder, "dist"));
    const entry = pathToFileURL(join(folder, "dist/main.mjs")).href;
    const script = `import(${JSON.stringify(entry)}).then(({ main }) => main(["inspect", ${JSON.stringify(digits)}, "--json"]))`;
    const output = execFileSync(process.execPath, ["-e", script], { encoding: "utf8", timeout: 60_000 });
    expect(JSON.parse(output)).toMatchObject({ format: "onnx", macs: 1804480 });
  });
});

describe("the stamp of the sources", () => {
  const root = join(folder, "tree");
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };

  it("is missing where there are no sources", () => {
    mkdirSync(root);
    expect(sourceStamp(root)).toBeUndefined();
  });

  it("changes with every file that is changed, added or taken away, but for tests", () => {
    write("apps/cli/src/main.ts", "1");
    write("packages/ir/src/graph.ts", "1");
    const before = sourceStamp(root);
    write("packages/ir/src/graph.test.ts", "1");
    expect(sourceStamp(root)).toBe(before);
    write("packages/ir/src/node.ts", "");
    const more = sourceStamp(root);
    expect(more).not.toBe(before);
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(root, "packages/ir/src/node.ts"), later, later);
    const touched = sourceStamp(root);
    expect(touched).not.toBe(more);
    rmSync(join(root, "packages/ir/src/node.ts"));
    expect(sourceStamp(root)).not.toBe(touched);
  });
});
