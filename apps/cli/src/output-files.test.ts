import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkOutput, checkOutputFolder, writeOutputs } from "./output-files.ts";
import { namesIn, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const bytes = new TextEncoder().encode("new");
const { signal } = new AbortController();

function emptyFolder(name: string): string {
  mkdirSync(join(folder, name));
  return join(folder, name);
}

describe("writing outputs", () => {
  it("makes folders, replaces files and leaves no temporary ones", async () => {
    const target = join(emptyFolder("whole"), "a/b");
    const path = join(target, "x.tflite");
    await writeOutputs([{ path, bytes: new Uint8Array(9) }], { inputs: [], signal, folder: target });
    await writeOutputs([{ path, bytes }], { inputs: [], signal, folder: target });
    expect(namesIn(target)).toEqual(["x.tflite"]);
    expect(readFileSync(path, "utf8")).toBe("new");
  });

  it("leaves nothing when one of the files can't be written", async () => {
    const parent = emptyFolder("partly");
    const made = join(parent, "out");
    const files = [
      { path: join(made, "first"), bytes },
      { path: join(made, `${"x".repeat(300)}`), bytes },
    ];
    await expect(writeOutputs(files, { inputs: [], signal, folder: made })).rejects.toMatchObject({
      code: "output.unwritable",
    });
    expect(namesIn(parent)).toEqual([]);
  });

  it("leaves nothing when it is cancelled", async () => {
    const parent = emptyFolder("cancelled");
    const reason = new Error("stop");
    const made = join(parent, "out");
    const written = writeOutputs([{ path: join(made, "first"), bytes }], {
      inputs: [],
      signal: AbortSignal.abort(reason),
      folder: made,
    });
    await expect(written).rejects.toBe(reason);
    expect(namesIn(parent)).toEqual([]);
  });

  it("never writes over an input, by whatever name", async () => {
    const parent = emptyFolder("inputs");
    const input = join(parent, "model.onnx");
    writeFileSync(input, "old");
    symlinkSync(input, join(parent, "link.onnx"));
    for (const path of [input, join(parent, "link.onnx"), join(parent, "../inputs/model.onnx")]) {
      await expect(writeOutputs([{ path, bytes }], { inputs: [input], signal })).rejects.toMatchObject({
        code: "output.is-input",
      });
    }
    expect(readFileSync(input, "utf8")).toBe("old");
    expect(namesIn(parent)).toEqual(["link.onnx", "model.onnx"]);
  });

  it("knows before any work what can't be written", async () => {
    const parent = emptyFolder("checks");
    writeFileSync(join(parent, "file"), "");
    await expect(checkOutput(parent, [])).rejects.toMatchObject({ code: "output.not-a-file" });
    await expect(checkOutput(join(parent, "absent/x"), [])).rejects.toMatchObject({ code: "output.no-folder" });
    await expect(checkOutputFolder(join(parent, "file/x"))).rejects.toMatchObject({ code: "output.no-folder" });
    await expect(checkOutputFolder(join(parent, "absent/x"))).resolves.toBeUndefined();
  });
});
