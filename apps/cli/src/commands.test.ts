import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ModelInfo, npyOf, type Report, readNpy, type Tensor } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, millrace, namesIn, readJson, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

/** The first of the golden samples or results, under a shape of its own. */
function firstOf(file: string, shape: readonly number[]): Tensor {
  const { dtype, data } = readNpy(readFileSync(digits(file)));
  const count = shape.reduce((product, size) => product * size);
  return { dtype, shape, data: data.slice(0, count) };
}

function numbersIn(path: string): number[] {
  return Array.from(readNpy(readFileSync(path)).data as Float32Array);
}

function furthest(actual: readonly number[], expected: readonly number[]): number {
  return Math.max(...expected.map((value, index) => Math.abs(actual[index] - value)));
}

beforeAll(() => {
  writeFileSync(at("first.npy"), npyOf(firstOf("golden_in.npy", [1, 1, 28, 28])));
  writeFileSync(at("last.npy"), npyOf(firstOf("golden_in.npy", [1, 28, 28, 1])));
  mkdirSync(at("data"));
  writeFileSync(at("data/input.npy"), readFileSync(digits("golden_in.npy")));
});

describe("millrace inspect", () => {
  it("tells what a model is, for people and for programs", async () => {
    const text = await millrace(["inspect", digits("digits.onnx")]);
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    expect(text.stdout).toMatch(/digits\.onnx {2}onnx, float, 142 kB/);
    expect(text.stdout).toMatch(/0 {2}input {2}f32 {2}\[1, 1, 28, 28\]/);
    const info = JSON.parse((await inProcess(["inspect", digits("digits_int8_tf.tflite"), "--json"])).stdout);
    expect(info).toMatchObject({
      source: "digits_int8_tf.tflite",
      format: "tflite",
      bytes: 55216,
      macs: 1804480,
      quantized: true,
    });
    expect(info.inputs).toEqual([
      { name: "input", dtype: "i8", shape: [1, 28, 28, 1], scale: expect.closeTo(1 / 255), zeroPoint: -128 },
    ]);
  });
});

describe("millrace convert and run", () => {
  it("writes a channel-last .tflite that computes what the source does", async () => {
    const converted = await millrace(["convert", digits("digits.onnx"), "-o", at("float.tflite"), "--json"]);
    expect(converted.exitCode).toBe(0);
    const { artifacts, graph } = JSON.parse(converted.stdout) as Report;
    expect(artifacts[0]).toMatchObject({
      kind: "tflite",
      sha256: createHash("sha256")
        .update(readFileSync(at("float.tflite")))
        .digest("hex"),
    });
    expect(graph).toMatchObject({ transposes: 0, operators: { DEPTHWISE_CONV_2D: 3, SOFTMAX: 1 } });
    const onnx = ["run", digits("digits.onnx"), "--input", `input=${at("first.npy")}`, "-o", at("onnx.npy")];
    expect((await inProcess([...onnx, "--engine", "onnxruntime"])).exitCode).toBe(0);
    const tflite = ["run", at("float.tflite"), "--input", `0=${at("last.npy")}`, "-o", at("outputs/")];
    expect((await inProcess(tflite)).exitCode).toBe(0);
    expect(namesIn(at("outputs"))).toEqual(["0.npy", "outputs.json"]);
    expect(readJson(at("outputs/outputs.json"))).toEqual(["output"]);
    const expected = Array.from(firstOf("golden_out.npy", [1, 10]).data as Float32Array);
    expect(furthest(numbersIn(at("onnx.npy")), expected)).toBeLessThan(1e-5);
    expect(furthest(numbersIn(at("outputs/0.npy")), expected)).toBeLessThan(1e-5);
  });

  it("writes ONNX of an older opset, which onnxruntime and a conversion back compute alike", async () => {
    const written = ["convert", digits("digits.onnx"), "-o", at("older.onnx"), "--opset", "17", "--json"];
    expect((await inProcess(written)).exitCode).toBe(0);
    expect((await inProcess(["convert", at("older.onnx"), "-o", at("back.tflite")])).exitCode).toBe(0);
    const engine = ["--engine", "onnxruntime"];
    const onnx = ["run", at("older.onnx"), "--input", `0=${at("first.npy")}`, "-o", at("older.npy"), ...engine];
    const back = ["run", at("back.tflite"), "--input", `0=${at("last.npy")}`, "-o", at("back.npy")];
    expect((await inProcess(onnx)).exitCode).toBe(0);
    expect((await inProcess(back)).exitCode).toBe(0);
    const expected = Array.from(firstOf("golden_out.npy", [1, 10]).data as Float32Array);
    expect(furthest(numbersIn(at("older.npy")), expected)).toBeLessThan(1e-5);
    expect(furthest(numbersIn(at("back.npy")), expected)).toBeLessThan(1e-5);
  });

  it("quantizes real inputs only when asked to, and gives TensorFlow's own integers", async () => {
    const words = ["run", digits("digits_int8_tf.tflite"), "--input", `input=${at("last.npy")}`, "--json"];
    const refused = await inProcess([...words, "-o", at("refused.npy")]);
    const real = await inProcess([...words, "-o", at("real.npy"), "--real"]);
    expect(refused.exitCode).toBe(2);
    expect(codesOf(refused)).toEqual(["run.real-input"]);
    expect(real.exitCode).toBe(0);
    expect(numbersIn(at("real.npy"))).toEqual(
      Array.from(firstOf("golden_out_int8_tf.npy", [1, 10]).data as Float32Array),
    );
    expect(namesIn(folder)).not.toContain("refused.npy");
  });
});

describe("millrace run --engine litert", () => {
  it("runs a .tflite file itself, and other models converted", async () => {
    const words = [
      "run",
      digits("digits_int8_tf.tflite"),
      "--input",
      `0=${at("last.npy")}`,
      "--real",
      "-o",
      at("own.npy"),
    ];
    const own = JSON.parse((await inProcess([...words, "--engine", "litert", "--json"])).stdout);
    expect(own).toMatchObject({ engine: "litert", diagnostics: [] });
    const onnx = ["run", digits("digits.onnx"), "--input", `0=${at("first.npy")}`, "-o", at("converted.npy")];
    const converted = JSON.parse((await inProcess([...onnx, "--engine", "litert", "--json"])).stdout);
    expect(converted.diagnostics).toMatchObject([{ code: "tflite-runtime.converted" }]);
    const expected = Array.from(firstOf("golden_out.npy", [1, 10]).data as Float32Array);
    expect(furthest(numbersIn(at("converted.npy")), expected)).toBeLessThan(1e-5);
    expect(furthest(numbersIn(at("own.npy")), expected)).toBeLessThan(0.05);
  });

  it("refuses options that only our own kernels have", async () => {
    const words = ["run", digits("digits.onnx"), "--input", `0=${at("first.npy")}`, "-o", at("none.npy"), "--json"];
    const outcome = await inProcess([...words, "--engine", "litert", "--rounding", "single"]);
    expect([outcome.exitCode, codesOf(outcome)]).toEqual([2, ["engine.option-not-available"]]);
  });
});

describe("millrace profile", () => {
  const model = digits("digits_int8_tf.tflite");

  it("measures each operator, for people and for programs", async () => {
    const words = ["profile", model, "--device", "host", "--runs", "3", "--data", at("data"), "-o", at("profile")];
    const { exitCode, stdout } = await inProcess([...words, "--json"]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(readJson(at("profile/report.json"))).toEqual(report);
    expect(namesIn(at("profile"))).toEqual(["report.html", "report.json"]);
    expect(report.latency).toMatchObject({ target: "host", engine: "wasm", runs: 3, warmup: 1 });
    const operators = report.latency!.perOperator!;
    for (const [op, count] of Object.entries(report.graph.operators))
      expect(operators.filter((operator) => operator.op === op)).toHaveLength(count);
    expect(report.memory!.totalBytes).toBe(report.memory!.arenaBytes + report.memory!.weightBytes);
    const text = await inProcess(["profile", model, "--engine", "litert", "--runs", "2", "--warmup", "0"]);
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toMatch(/latency {5}\S+ .?s by litert, measured on this host/);
  });
});

describe("millrace quantize, compile and evaluate", () => {
  it("quantizes to the types asked for and reports it", async () => {
    const words = ["quantize", digits("digits.onnx"), "--data", at("data"), "-o", at("uint8.tflite"), "--io", "uint8"];
    const { exitCode, stdout } = await inProcess([...words, "--report", at("report"), "--json"]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(readJson(at("report/report.json"))).toEqual(report);
    expect(report.artifacts.map(({ path }) => path)).toEqual(["../uint8.tflite"]);
    expect(report.accuracy?.metric).toBe("cosine");
    expect(report.accuracy?.quantized).toBeGreaterThan(0.99);
    const info = JSON.parse((await inProcess(["inspect", at("uint8.tflite"), "--json"])).stdout);
    expect([info.inputs[0].dtype, info.outputs[0].dtype]).toEqual(["u8", "u8"]);
  });

  it("quantizes like a given file without data, unless options ask for other types", async () => {
    const words = ["quantize", digits("digits.onnx"), "-o", at("like.tflite")];
    const asked = [...words, "--like", digits("digits_int8_tf.tflite"), "--report", at("alike"), "--json"];
    const { exitCode, stdout } = await inProcess(asked);
    expect(exitCode).toBe(0);
    const { quantization, accuracy } = JSON.parse(stdout) as Report;
    expect([quantization?.like?.source, quantization?.like?.others, accuracy]).toEqual([
      "digits_int8_tf",
      [],
      undefined,
    ]);
    expect(quantization?.layers.map(({ basis }) => basis)).toEqual(quantization?.layers.map(() => "given"));
    const typesIn = async (path: string) => {
      const { inputs, outputs } = JSON.parse((await inProcess(["inspect", path, "--json"])).stdout) as ModelInfo;
      return [...inputs, ...outputs].map(({ name: _, ...type }) => type);
    };
    expect(await typesIn(at("like.tflite"))).toEqual(await typesIn(digits("digits_int8_tf.tflite")));
    expect(readFileSync(at("alike/report.html"), "utf8")).toContain("have the parameters of digits_int8_tf");
    expect((await inProcess([...asked, "--io", "uint8"])).stderr).toContain("usage.conflicting-option");
    expect((await inProcess([...words, "--like", digits("digits.onnx")])).stderr).toContain("like.no-integers");
  });

  it("takes a model the whole way, and measures it against the float one", async () => {
    const journey = ["compile", digits("digits.onnx"), "--target", "tflite", "--data", at("data")];
    const compiled = await millrace([...journey, "-o", at("new/out")]);
    expect(compiled.exitCode).toBe(0);
    expect(compiled.stderr).toMatch(/^note layout\.boundary-changed/);
    expect(namesIn(at("new/out"))).toEqual([
      "digits_float.tflite",
      "digits_int8.tflite",
      "recipe.json",
      "report.html",
      "report.json",
    ]);
    const { artifacts } = readJson<Report>(at("new/out/report.json"));
    for (const { path, sha256 } of artifacts) {
      expect(sha256).toBe(
        createHash("sha256")
          .update(readFileSync(at(`new/out/${path}`)))
          .digest("hex"),
      );
    }
    const words = ["evaluate", at("new/out/digits_int8.tflite"), "--data", at("data"), "--json"];
    const evaluated = await inProcess([...words, "--against", digits("digits.onnx")]);
    const { metric, samples, value, against } = JSON.parse(evaluated.stdout);
    expect([metric, samples, against.value]).toEqual(["cosine", 8, expect.closeTo(1)]);
    expect(value).toBeGreaterThan(0.99);
    expect(against.drop).toBeCloseTo(against.value - value);
    expect(against.layers.length).toBeGreaterThan(5);
  });

  it("tells what is wrong with a model beside the float one, as text and as a report", async () => {
    const { dtype, shape, data } = readNpy(readFileSync(digits("golden_in.npy")));
    mkdirSync(at("bright"));
    const bright = Float32Array.from(data as Float32Array, (value) => value * 255);
    writeFileSync(at("bright/input.npy"), npyOf({ dtype, shape, data: bright }));
    const words = ["quantize", digits("digits.onnx"), "--data", at("data"), "-o", at("dark.tflite")];
    expect((await inProcess(words)).exitCode).toBe(0);
    const asked = ["evaluate", at("dark.tflite"), "--data", at("bright"), "--against", digits("digits.onnx")];
    const { exitCode, stdout, stderr } = await inProcess([...asked, "--report", at("compared")]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("Noisiest of")]);
    expect(stderr).toContain("warning quantize.input-range-differs");
    const report = readJson<Report>(at("compared/report.json"));
    expect(report.diagnostics.map(({ code }) => code)).toContain("quantize.clipped-values");
    expect(report.quantization?.layers.length).toBeGreaterThan(5);
    expect(readFileSync(at("compared/report.html"), "utf8")).toContain("quantize.clipped-values");
    const swapped = ["evaluate", digits("digits.onnx"), "--data", at("data"), "--against", at("dark.tflite")];
    const refused = await inProcess([...swapped, "--report", at("none")]);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("evaluate.report-needs-float")]);
  });

  it("evaluates in threads to the same figure, and only with an engine that has them", async () => {
    expect(
      (await inProcess(["quantize", digits("digits.onnx"), "--data", at("data"), "-o", at("t.tflite")])).exitCode,
    ).toBe(0);
    const words = ["evaluate", at("t.tflite"), "--against", at("t.tflite"), "--data", at("data"), "--json"];
    const alone = await inProcess(words);
    const threaded = await millrace([...words, "--threads", "2"]);
    expect(threaded.stdout).toBe(alone.stdout);
    const refused = await inProcess([...words, "--threads", "2", "--engine", "onnxruntime"]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("engine.option-not-available");
    expect((await inProcess([...words, "--threads", "1000"])).exitCode).toBe(2);
  });
});
