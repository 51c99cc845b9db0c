import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readZip, writeZip } from "@millrace/formats/zip";
import type { Report } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, namesIn, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const compiling = (output: string, ...words: string[]) =>
  inProcess([
    ...["compile", digits("digits.onnx"), "--target", "imxrt700", "--to", "pte", "--data", at("data")],
    ...["--samples", "4", "-o", at(output), "--json", ...words],
  ]);

async function reportOf(output: string, ...words: string[]): Promise<Report> {
  const outcome = await compiling(output, ...words);
  expect(outcome).toMatchObject({ exitCode: 0 });
  return JSON.parse(outcome.stdout) as Report;
}

beforeAll(() => {
  mkdirSync(at("data"));
  writeFileSync(at("data/input.npy"), readFileSync(digits("golden_in.npy")));
});

/** An exported program whose convolutions are operators that only its author knows. */
function withOwnOperator(archive: Uint8Array): Uint8Array {
  const members = [...readZip(archive).values()].map((member): [string, Uint8Array] => {
    const bytes = member.bytes();
    if (!member.name.endsWith("models/model.json")) return [member.name, bytes];
    const program = new TextDecoder().decode(bytes).replaceAll("torch.ops.aten.conv2d.", "torch.ops.mylib.conv2d.");
    return [member.name, new TextEncoder().encode(program)];
  });
  return writeZip(new Map(members));
}

describe("millrace compile --to pte", () => {
  it("writes an ExecuTorch program whose delegates are the array's, and converts reals only where they were asked for", async () => {
    const conversions = (report: Report) =>
      Object.entries(report.graph.operators).flatMap(([name, count]) => (name.startsWith("quantized") ? [count] : []));
    const integers = await reportOf("int8", "--io", "int8");
    expect(conversions(integers)).toEqual([1, 1]);
    expect(integers.graph.operators).toMatchObject({ MillraceNpu: 1, "aten::_softmax.out": 1 });
    const reals = await reportOf("fp32", "--io", "float32");
    expect(conversions(reals)).toEqual([2, 2]);
    expect(reals.artifacts.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["digits_imxrt700.pte", "digits_int8.pte", "digits_float.pte"]),
    );
    expect(namesIn(at("fp32"))).toEqual(expect.arrayContaining(["report.json", "digits_imxrt700.pte"]));
    expect(reals.latency!.ms).toBeGreaterThan(integers.latency!.ms);
    expect(reals.accuracy!.samples).toBeGreaterThan(0);
  });

  it("writes programs whose time is predicted from the file as when they were compiled", async () => {
    const { latency } = await reportOf("again", "--io", "int8");
    const words = ["profile", at("again/digits_imxrt700.pte"), "--target", "imxrt700", "--json"];
    const outcome = await inProcess(words);
    expect(outcome).toMatchObject({ exitCode: 0 });
    const report = JSON.parse(outcome.stdout) as Report;
    const arrayTime = (operators: NonNullable<typeof latency>["perOperator"]) =>
      (operators ?? []).reduce((sum, { unit, us }) => sum + (unit === "npu" ? us : 0), 0);
    expect(arrayTime(report.latency!.perOperator)).toBeCloseTo(arrayTime(latency!.perOperator), 6);
    expect(report.latency!.basis).toMatch(/derived and not predicted/);
  });

  it("writes delegates for a vendor's converter, and says that no device runs them as they are", async () => {
    const { graph, diagnostics } = await reportOf("vendor", "--backend", "neutron");
    expect(graph.operators).toMatchObject({ NeutronBackend: 1 });
    const [notice] = diagnostics.filter(({ code }) => code === "backend.not-converted");
    expect(notice.message).toMatch(/no microcode: no device runs them as they are; latency is predicted for Millrace/);
    const outcome = await inProcess(["inspect", at("vendor/digits_imxrt700.pte"), "--json"]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(outcome.stdout).operators).toMatchObject({ NeutronBackend: 1 });
  });

  it("leaves layers to the processor by name", async () => {
    const { delegation, graph } = await reportOf("kept", "--keep-on-cpu", "linear,node_Conv_133");
    expect(delegation!.reasons.map(({ node }) => node)).toEqual(
      expect.arrayContaining(["node_linear", "node_Conv_133"]),
    );
    expect(graph.operators).toMatchObject({ "aten::convolution.out": 1, "aten::addmm.out": 1 });
  });

  it.each([
    ["a name that no layer has", ["--keep-on-cpu", "nothing"], "npu.unknown-layer"],
    ["an empty name", ["--keep-on-cpu", "linear,"], "usage.invalid-argument"],
    ["a format that it can't write", ["--to", "so"], "usage.invalid-argument"],
    ["a back end that is not known", ["--backend", "ethos"], "usage.invalid-argument"],
    ["a vendor's back end for another machine", ["--backend", "neutron", "--target", "imx95"], "backend.other-machine"],
    ["a vendor's back end in another format", ["--backend", "neutron", "--to", "tflite"], "backend.no-delegates"],
    ["a compiler that takes another format", ["--external", "vela"], "external.no-tflite"],
    ["a file format and another one", ["--target", "tflite"], "target.two-formats"],
    ["a machine's options for a file format", ["--target", "pte", "--level", "fast"], "machine.no-machine"],
  ])("refuses %s", async (_, words, code) => {
    const outcome = await compiling("refused", ...words);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toEqual([code]);
  });
});

describe("an ExecuTorch program of integers", () => {
  it("is compiled for a machine as it is, without data, and disassembled", async () => {
    const quantized = ["quantize", digits("digits.onnx"), "--data", at("data"), "-o", at("integers.pte")];
    expect(await inProcess(quantized)).toMatchObject({ exitCode: 0 });
    const words = ["compile", at("integers.pte"), "--target", "imxrt700", "--to", "pte", "-o", at("machine"), "--json"];
    const { graph, diagnostics } = JSON.parse((await inProcess(words)).stdout) as Report;
    expect(graph.operators).toMatchObject({ MillraceNpu: 1 });
    expect(diagnostics.map(({ code }) => code)).toContain("quantize.already-integers");
    expect((await inProcess(["disasm", at("machine/integers_imxrt700.pte")])).stdout).toMatch(/convolve +input=0x/);
  });

  it("is a target that a model is explained for", async () => {
    expect((await inProcess(["explain", digits("digits.onnx"), "--target", "pte"])).stdout).toMatch(
      /nodes: \d+ on the CPU, 0 /,
    );
  });
});

describe("millrace inspect --dialect", () => {
  const inspecting = (file: string, ...words: string[]) => inProcess(["inspect", digits(file), "--dialect", ...words]);

  it("prints an exported program with the user's modules", async () => {
    const { stdout, exitCode } = await inspecting("digits.pt2", "aten");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /conv2d: float32\[1,32,14,14\] = aten\.conv2d\.default\(x, p_stem_0_weight, None, \[2, 2\], \[1, 1\]\) in user_module\.Digits\/Sequential_stem\/conv2d/,
    );
    const { nodes } = JSON.parse((await inspecting("digits.pt2", "aten", "--json")).stdout);
    expect(nodes.at(-1)).toMatchObject({ target: "aten.softmax.int", namespace: "user_module.Digits/softmax" });
  });

  it("tells the user's modules of Edge operators too", async () => {
    const { nodes } = JSON.parse((await inspecting("digits.pt2", "edge", "--json")).stdout);
    const namespace = "user_module.Digits/Sequential_stem/conv2d";
    expect(nodes[0]).toMatchObject({ target: "aten.convolution.default", namespace });
  });

  it("shows the ATen operators of a program that can't be imported", async () => {
    writeFileSync(at("foreign.pt2"), withOwnOperator(readFileSync(digits("digits.pt2"))));
    expect(codesOf(await inProcess(["inspect", at("foreign.pt2"), "--json"]))).toContain("torch.unknown-operator");
    const { stdout, exitCode } = await inProcess(["inspect", at("foreign.pt2"), "--dialect", "aten"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ = mylib\.conv2d\.default\(/);
  });

  it("prints Edge operators, and what an array computes of them as delegates", async () => {
    const edge = JSON.parse((await inspecting("digits.onnx", "edge", "--json")).stdout);
    expect(edge.nodes.map(({ target }: { target: string }) => target)).toContain("aten.convolution.default");
    const backend = await inspecting("digits.onnx", "backend", "--target", "imxrt700", "--data", at("data"));
    expect(backend.stdout).toMatch(/delegate\.MillraceNpu\(\w+\) from \[/);
    expect(backend.stdout).not.toMatch(/aten\.convolution/);
  });

  it.each([
    ["operators of PyTorch in another format", ["digits.onnx", "aten"], "dialect.no-aten"],
    ["a back end without a machine", ["digits.onnx", "backend"], "dialect.target"],
    ["a float model without data", ["digits.onnx", "backend", "--target", "imxrt700"], "dialect.float-model"],
    ["a dialect that there is not", ["digits.onnx", "onnx"], "usage.invalid-argument"],
    [
      "a machine for a dialect without machines",
      ["digits.onnx", "edge", "--target", "imxrt700"],
      "dialect.unused-option",
    ],
    ["options of a machine for such a dialect", ["digits.onnx", "edge", "--level", "fast"], "machine.no-machine"],
    ["sizes for a dialect that shows the file's", ["digits.pt2", "aten", "--dim", "N=1"], "dialect.unused-option"],
  ])("refuses %s", async (_, [file, ...words], code) => {
    const outcome = await inspecting(file, ...words, "--json");
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toEqual([code]);
  });
});
