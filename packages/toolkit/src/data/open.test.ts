import { writeNpy } from "@millrace/formats/npy";
import { zipSync } from "fflate";
import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import type { Dataset } from "./dataset.ts";
import { memoryFiles } from "./files.ts";
import { openDataset } from "./open.ts";
import { errorOf, filesOf, gzip } from "./test-data.ts";

const pixels = Uint8Array.from({ length: 24 }, (_, index) => index);
const raw = { file: "x.bin", dtype: "uint8", shape: [2, 2, 3], layout: "HWC" };
const array = writeNpy({ dtype: "u8", shape: [2, 2, 2, 3], data: pixels });
const labels = writeNpy({ dtype: "i64", shape: [2], data: BigInt64Array.of(4n, 5n) });
const image = new Uint8Array(encode({ width: 2, height: 2, data: new Uint8Array(16).fill(128) }, 100).data);

function open(entries: Readonly<Record<string, unknown>>): Promise<Dataset> {
  return openDataset(filesOf(entries));
}

/** A folder whose only input is `input`. */
function described(input: object, entries: object = {}, more: object = {}) {
  return { "dataset.json": { inputs: { "*": input }, ...more }, "x.bin": pixels, ...entries };
}

async function values(dataset: Dataset, sample: number, shape: readonly number[]): Promise<number[]> {
  const [inference] = await dataset.feeds(sample, [{ name: "in", shape, dtype: "f32" }]);
  return [...(inference.get("in")!.data as Float32Array)];
}

const secondSample = [...pixels.subarray(12)];

describe("opening DATA", () => {
  it.each([
    ["a .bin", described(raw)],
    ["a .bin.gz", described({ ...raw, file: "in/x.bin.gz" }, { "in/x.bin.gz": gzip(pixels) })],
    ["a .npy", described({ file: "x.npy" }, { "x.npy": array })],
    ["a .npy that is declared", described({ ...raw, file: "x.npy" }, { "x.npy": array })],
    [
      "the only array of an .npz",
      described({ file: "x.npz" }, { "x.npz": zipSync({ "any.npy": array, "labels.npy": labels }) }),
    ],
    ["a bare .npy", { "in.npy": array }],
    ["a bare .npz", { "x.npz": zipSync({ "in.npy": array, "labels.npy": labels }) }],
  ])("reads %s", async (_name, entries) => {
    const dataset = await open(entries);
    expect([dataset.count, dataset.inputNames]).toEqual([2, ["*"]]);
    expect(await values(dataset, 1, [1, 2, 2, 3])).toEqual(secondSample);
  });

  it.each([
    ["float16", Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    ["float64", Float64Array.of(0.5, -2), [0.5, -2]],
    ["int16", Int16Array.of(-300, 7), [-300, 7]],
    ["int64", BigInt64Array.of(-3n, 7n), [-3, 7]],
    ["bool", Uint8Array.of(0, 1), [0, 1]],
  ])("reads raw %s, also where it is not aligned", async (dtype, data, expected) => {
    const bytes = new Uint8Array(data.byteLength + 1).subarray(1);
    bytes.set(new Uint8Array(data.buffer));
    const dataset = await open({
      "dataset.json": { inputs: { x: { file: "x.bin", dtype, shape: [2] } } },
      "x.bin": bytes,
    });
    const [inference] = await dataset.feeds(0, [{ name: "x", shape: [1, 2], dtype: "f32" }]);
    expect([...(inference.get("x")!.data as Float32Array)]).toEqual(expected);
  });

  it("takes bare arrays by the model's input names, and their labels", async () => {
    const dataset = await open({
      "a.npy": array,
      "b.npy": writeNpy({ dtype: "f32", shape: [2, 1], data: Float32Array.of(7, 8) }),
      "labels.npy": labels,
    });
    expect([dataset.inputNames, dataset.labels, dataset.metric]).toEqual([["a", "b"], Int32Array.of(4, 5), "top1"]);
    expect(dataset.description.labels).toEqual({ file: "labels.npy" });
    const zipped = await open({ "x.npz": zipSync({ "a.npy": array, "b.npy": array, "labels.npy": labels }) });
    expect([zipped.inputNames, zipped.labels]).toEqual([["a", "b"], Int32Array.of(4, 5)]);
  });

  it("reads labels of a column, behind a byte order mark", async () => {
    const dataset = await open(
      described(raw, { "y.csv": "\ufeffid,label\r\na,3\r\nb, 1\r\n" }, { labels: { file: "y.csv", column: "label" } }),
    );
    expect(dataset.labels).toEqual(Int32Array.of(3, 1));
  });

  it("decodes images when they are asked for", async () => {
    const input = { file: "pictures", dtype: "image", shape: [3, 2, 2], layout: "CHW", mean: 128, std: 2 };
    const files = { "list.csv": "file\na.jpg\nabsent.png\n", "pictures/a.jpg": image };
    const dataset = await open(described({ ...input, files: { from: "list.csv", column: "file" } }, files));
    expect(await values(dataset, 0, [1, 3, 2, 2])).toEqual(new Array(12).fill(0));
    const error = await errorOf(() => values(dataset, 1, [1, 3, 2, 2]));
    expect([error.code, error.where]).toEqual(["data.missing-file", "pictures/absent.png"]);
    const listed = await open(
      described({ ...input, file: "." }, { "b.jpg": image, "a.JPEG": image, "inner/c.jpg": image, "readme.md": "" }),
    );
    expect(listed.count).toBe(2);
  });

  it("reads each archive once", async () => {
    const files = filesOf({ "x.npz": zipSync({ "a.npy": array, "b.npy": array, "labels.npy": labels }) });
    const names: string[] = [];
    const read = (name: string) => {
      names.push(name);
      return files.read(name);
    };
    await openDataset({ read, list: files.list });
    expect(names).toEqual(["dataset.json", "x.npz"]);
  });

  it("obeys the limit of expansion", async () => {
    const files = filesOf(described({ ...raw, file: "x.bin.gz" }, { "x.bin.gz": gzip(pixels) }));
    expect((await errorOf(() => openDataset(files, { maximumBytes: 23 }))).code).toBe("data.too-large");
    const archive = filesOf({ "x.npz": zipSync({ "in.npy": array }) });
    expect((await errorOf(() => openDataset(archive, { maximumBytes: 23 }))).code).toBe("zip.too-large");
  });

  it.each([
    ["data.bad-json", { "dataset.json": "{" }],
    ["data.bad-json", { "dataset.json": Uint8Array.of(0xff, 0xfe) }],
    ["data.bad-json", { "dataset.json": "[".repeat(1e6) }],
    ["data.bad-description", { "dataset.json": {} }],
    ["data.missing-file", described({ ...raw, file: "y.bin" })],
    ["data.size-mismatch", described(raw, { "x.bin": pixels.subarray(1) })],
    ["data.size-mismatch", described(raw, { "x.bin": new Uint8Array() })],
    ["data.bad-compression", described({ ...raw, file: "x.bin.gz" }, { "x.bin.gz": pixels })],
    ["data.declared-mismatch", described({ ...raw, dtype: "int8", file: "x.npy" }, { "x.npy": array })],
    ["data.declared-mismatch", described({ file: "x.npy", shape: [12] }, { "x.npy": array })],
    ["data.channel-mismatch", described({ file: "x.npy", mean: [1, 2] }, { "x.npy": array })],
    ["data.window-mismatch", described({ file: "x.npy", window: { axis: 0, size: 3, step: 1 } }, { "x.npy": array })],
    ["data.no-array", { "dataset.json": { inputs: { c: { file: "x.npz" } } }, "x.npz": zipSync({ "a.npy": array }) }],
    ["data.no-array", described({ file: "x.npz" }, { "x.npz": zipSync({ "a.npy": array, "b.npy": array }) })],
    ["data.label-count", described(raw, { "y.csv": "label\n1\n" }, { labels: { file: "y.csv", column: "label" } })],
    ["data.bad-label", described(raw, { "y.npy": array }, { labels: { file: "y.npy" } })],
    ["data.no-column", described(raw, { "y.csv": "id\n1\n2\n" }, { labels: { file: "y.csv", column: "label" } })],
    ["data.bad-text", described(raw, { "y.csv": Uint8Array.of(0xff) }, { labels: { file: "y.csv", column: "label" } })],
    ["data.no-labels", described(raw, {}, { metric: "top1" })],
    [
      "data.unsafe-name",
      described(
        { file: "a", dtype: "image", shape: [2, 2, 3], files: { from: "y.csv", column: "f" } },
        { "y.csv": "f\n../x\n" },
      ),
    ],
    [
      "data.sample-count",
      described(
        { file: "a", dtype: "image", shape: [2, 2, 3], files: { from: "y.csv", column: "f" } },
        { "y.csv": "f\n" },
      ),
    ],
    ["data.no-dataset", { "readme.md": "" }],
    ["data.no-dataset", { "labels.npy": labels }],
    ["data.no-dataset", { "a.npz": zipSync({}), "b.npz": zipSync({}) }],
  ])("raises %s", async (code, entries) => {
    expect((await errorOf(() => open(entries))).code).toBe(code);
  });

  it("names the row of a bad label", async () => {
    const entries = described(raw, { "y.csv": "label\n1\ncat\n" }, { labels: { file: "y.csv", column: "label" } });
    const error = await errorOf(() => open(entries));
    expect([error.code, error.where, error.message]).toEqual([
      "data.bad-label",
      "y.csv row 3",
      'The label at y.csv row 3 is "cat" and must be an integer',
    ]);
  });

  it("names the file of a damaged array", async () => {
    for (const entries of [{ "in.npy": array.subarray(0, 50) }, { "in.npz": array }]) {
      const error = await errorOf(() => open(entries));
      expect(error.message + error.where).toContain(Object.keys(entries)[0]);
    }
  });

  it("passes on that a folder can't be listed", async () => {
    const refuse = () =>
      Promise.reject(
        Object.assign(new Error("There is no folder /x"), { code: "data.missing-file", hint: "Check the name." }),
      );
    const error = await errorOf(() => openDataset({ read: refuse, list: refuse }));
    expect([error.code, error.hint]).toEqual(["data.missing-file", "Check the name."]);
  });
});

it("labels fit the number of the model's classes where the csv has a column for it", async () => {
  const text = (content: string) => new TextEncoder().encode(content);
  const description = {
    inputs: { "*": { file: "x.bin", dtype: "uint8", shape: [1] } },
    labels: { file: "labels.csv", column: "class3" },
  };
  const files = new Map([
    ["dataset.json", text(JSON.stringify(description))],
    ["labels.csv", text("class3,class4,classic\n0,1,a\n2,3,b\n")],
    ["x.bin", Uint8Array.of(7, 8)],
  ]);
  const dataset = await openDataset(memoryFiles(files));
  expect([...dataset.labelsFor(3)!, ...dataset.labelsFor(4)!, ...dataset.labelsFor(9)!]).toEqual([0, 2, 1, 3, 0, 2]);
});
