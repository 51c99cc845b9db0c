import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTflite, writeTflite } from "@millrace/formats/tflite";
import type { Report } from "@millrace/toolkit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codesOf, digits, inProcess, namesIn, readJson, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const tools = at("to ols; $(x)");
mkdirSync(tools);
const model = at("my mod'el $(x); é.tflite");
writeFileSync(model, readFileSync(digits("digits_int8_tf.tflite")));
const stem = "my mod'el $(x); é";

const path = process.env["PATH"];
beforeEach(() => {
  process.env["PATH"] = `${tools}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
});

/** Puts a stand-in for a compiler on the PATH. */
function standIn(name: string, script: string): void {
  writeFileSync(join(tools, name), `#!${process.execPath}\nconst fs = require("fs");\n${script}`);
  chmodSync(join(tools, name), 0o755);
}

/** A file that calls an NPU by a custom operator. */
function convertedFile(operator: string): string {
  const { operatorCodes, ...rest } = readTflite(readFileSync(digits("digits_int8_tf.tflite")));
  const file = at(`${operator}.tflite`);
  writeFileSync(
    file,
    writeTflite({ ...rest, operatorCodes: [...operatorCodes, { builtinCode: "CUSTOM", customCode: operator }] }),
  );
  return file;
}

const optionOf = `const optionOf = (option) => process.argv[process.argv.indexOf(option) + 1];\n`;

const compile = (output: string, ...words: string[]) =>
  inProcess(["compile", model, "-o", at(output), "--json", ...words]);
const reportOf = (output: string) => readJson<Report>(join(at(output), "report.json"));

it("has neutron-converter compile an integer file as it is, without data, and reports its statistics", async () => {
  standIn(
    "neutron-converter",
    `${optionOf}fs.writeFileSync(${JSON.stringify(at("seen.tflite"))}, fs.readFileSync(optionOf("--input")));
    fs.copyFileSync(${JSON.stringify(convertedFile("NeutronGraph"))}, optionOf("--output"));
    console.log("  Target = " + optionOf("--target") + "\\nConversion statistics:");
    console.log("    Number of operators converted     = 12\\n    Number of operators NOT converted = 1");
    console.log("  Number of operators after extract   = 2\\n    Number of operators NOT converted = 9");`,
  );
  const outcome = await compile("neutron", "--target", "imxrt700", "--external", "neutron-converter");
  expect([outcome.exitCode, outcome.stderr]).toEqual([0, ""]);
  expect(readFileSync(at("seen.tflite"))).toEqual(readFileSync(model));
  const { external, artifacts, delegation } = reportOf("neutron");
  const name = `${stem}_neutron-converter`;
  expect(external).toMatchObject({
    compiler: "neutron-converter",
    target: "imxrt700",
    log: `${name}.log`,
    artifact: `${name}.tflite`,
    statistics: { converted: 12, notConverted: 1 },
  });
  expect(delegation!.npu).toBeGreaterThan(8);
  expect(artifacts.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["tflite-imxrt700", "tflite-int8", "tflite-neutron-converter", "log-neutron-converter"]),
  );
  expect(readFileSync(join(at("neutron"), `${name}.tflite`))).toEqual(readFileSync(at("NeutronGraph.tflite")));
  expect(readFileSync(join(at("neutron"), `${name}.log`), "utf8")).toContain("Target = imxrt700");
  expect(readFileSync(join(at("neutron"), "report.html"), "utf8")).toContain("12 of 13 operators converted");
});

it("has vela compile the int8 file that it writes, and reads its table", async () => {
  standIn(
    "vela",
    `const [input, ...words] = process.argv.slice(2);
    console.log(words.join(" ") + " " + fs.readFileSync(input).length);
    console.log("CPU operators = 1 (7.1%)\\nNPU operators = 13 (92.9%)\\n\\nTotal cycles    99 cycles/batch");
    fs.copyFileSync(${JSON.stringify(convertedFile("ethos-u"))}, input.replace(".tflite", "_vela.tflite"));
    fs.writeFileSync("model_summary_Ethos_U55.csv", "experiment,inference_time,cycles_total\\ndefault,0.00025,114098\\n");`,
  );
  const words = ["compile", digits("digits.onnx"), "--target", "tflite", "--random-data", "4", "-o", at("vela")];
  const outcome = await inProcess([...words, "--external", join(tools, "vela"), "--external-target", "ethos-u65-256"]);
  expect(outcome.exitCode).toBe(0);
  expect(outcome.stdout).toMatch(
    /external +vela for ethos-u65-256: 13 of 14 operators converted, 114,098 cycles estimated by vela, 250 µs/,
  );
  const { external, artifacts } = reportOf("vela");
  expect(external!.statistics).toEqual({ converted: 13, notConverted: 1, cycles: 114098, ms: 0.25 });
  const { bytes } = artifacts.find(({ kind }) => kind === "tflite-int8")!;
  expect(readFileSync(join(at("vela"), "digits_vela.log"), "utf8")).toMatch(
    new RegExp(`^--accelerator-config ethos-u65-256 --output-dir \\. ${bytes}\n`),
  );
  expect(namesIn(at("vela"))).toEqual(expect.arrayContaining(["digits_vela.csv", "digits_vela.tflite"]));
});

it.each([
  [
    "ends with an error",
    `console.error("bad op\\x1b[2J"); process.exit(7);`,
    "failed",
    /exit code 7; it said last: bad op/,
  ],
  ["does not end", `console.log("hm"); setInterval(() => {}, 1000);`, "timed-out", /limit of time; it said last: hm/],
  ["crashes", `process.kill(process.pid, "SIGSEGV");`, "failed", /was ended by SIGSEGV/],
  ["leaves nothing", `console.log("done");`, "no-output", /left no file model_neutron\.tflite/],
  [
    "leaves what does not load",
    `fs.writeFileSync("model_neutron.tflite", "TFL3");`,
    "bad-output",
    /no usable TFLite model/,
  ],
] as const)("keeps all else, and the log, where a compiler %s", async (title, script, code, message) => {
  standIn("neutron-converter", script);
  const words = [
    "--target",
    "imxrt700",
    "--external",
    "neutron-converter",
    "--external-limit",
    code === "timed-out" ? "1" : "60",
  ];
  const outcome = await compile(title, ...words);
  expect(outcome.exitCode).toBe(2);
  expect(codesOf(outcome)).toEqual([`external.${code}`]);
  const { external, diagnostics } = reportOf(title);
  expect(external!.artifact).toBeUndefined();
  expect(diagnostics.find((diagnostic) => diagnostic.code === `external.${code}`)!.message).toMatch(message);
  expect(outcome.stderr).not.toContain("\x1b[2J");
  expect(namesIn(at(title))).toEqual(
    expect.arrayContaining([`${stem}_imxrt700.tflite`, `${stem}_int8.tflite`, external!.log, "report.html"]),
  );
});

it("warns where a compiler takes nothing of the model", async () => {
  standIn("neutron-converter", `${optionOf}fs.copyFileSync(optionOf("--input"), optionOf("--output"));`);
  const outcome = await compile("nothing", "--target", "imxrt700", "--external", "neutron-converter");
  expect(outcome.exitCode).toBe(0);
  expect(outcome.stderr).toContain("external.nothing-converted");
});

it.each([
  ["that is absent", ["--external", "neutron-converter"], "tool.not-found", /\/nowhere, \/nor-here.*eIQ/s],
  ["that is absent by its path", ["--external", "/nowhere/vela"], "tool.not-found", /\/nowhere\/vela.*ethos-u-vela/s],
  ["that nobody knows", ["--external", "gcc"], "external.unknown", /neutron-converter or vela/],
  ["for ever", ["--external", "vela", "--external-limit", "9999999"], "usage.", /86400/],
  ["for a target that is an option", ["--external", "vela", "--external-target", "--help"], "usage.", /letters/],
] as const)("refuses a compiler %s before any work", async (_, words, code, text) => {
  process.env["PATH"] = "/nowhere:/nor-here";
  const outcome = await compile("refused", "--target", "imxrt700", ...words);
  expect(outcome.exitCode).toBe(2);
  expect(codesOf(outcome).join()).toContain(code);
  expect(outcome.stdout).toMatch(text);
  expect(namesIn(folder)).not.toContain("refused");
});

it("refuses schemes that a compiler does not take, and a compiler that has nothing to compile for", async () => {
  standIn("neutron-converter", "");
  const words = ["compile", digits("digits.onnx"), "-o", at("refused"), "--random-data", "2", "--json"];
  const external = ["--external", "neutron-converter"];
  const scheme = await inProcess([...words, "--target", "imxrt700", "--scheme", "dynamic", ...external]);
  expect(codesOf(scheme)).toEqual(["external.scheme"]);
  expect(codesOf(await inProcess([...words, "--target", "tflite", ...external]))).toEqual(["external.no-target"]);
  expect(namesIn(folder)).not.toContain("refused");
});
