import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Explanation, isMeasured, npyOf, type Report, readNpy, type Tensor } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const model = digits("digits_int8_tf.tflite");

async function outputOf(words: readonly string[]): Promise<readonly number[]> {
  expect((await inProcess(["run", ...words, "--input", `0=${at("x.npy")}`, "-o", at("y.npy")])).exitCode).toBe(0);
  return Array.from(readNpy(readFileSync(at("y.npy"))).data as Int8Array);
}

beforeAll(() => {
  const data = Int8Array.from({ length: 784 }, (_, index) => ((index * 37) % 256) - 128);
  const x: Tensor = { dtype: "i8", shape: [1, 28, 28, 1], data };
  writeFileSync(at("x.npy"), npyOf(x));
  mkdirSync(at("data"));
  writeFileSync(
    at("data/input.npy"),
    npyOf({ ...x, dtype: "f32", data: Float32Array.from(data, (value) => value / 128) }),
  );
});

describe("machines", () => {
  it("lists targets, whose descriptions can be given back", async () => {
    const { machines } = JSON.parse((await inProcess(["targets", "--json"])).stdout);
    const [machine] = machines;
    const mine = { ...machine, name: "mine", clockMHz: machine.clockMHz / 2 };
    writeFileSync(at("mine.json"), JSON.stringify(mine));
    const profile = async (...words: string[]) =>
      JSON.parse((await inProcess(["profile", model, "--json", "--target", ...words])).stdout) as Report;
    const slow = await profile("mine", "--machine", at("mine.json"));
    const fast = await profile(machine.name);
    expect(slow.latency!.ms / fast.latency!.ms).toBeCloseTo(2, 6);
    expect(fast.latency!.basis).toMatch(/^simulated/);
  });

  it("compiles a model to programs that compute what the reference does, and disassembles them", async () => {
    const words = ["compile", model, "--target", "imxrt700", "--data", at("data"), "-o", at("out"), "--json"];
    const outcome = await inProcess(words);
    expect(outcome.exitCode).toBe(0);
    const report = JSON.parse(outcome.stdout) as Report;
    expect(report.delegation!.npu).toBeGreaterThan(8);
    expect(report.latency!.perOperator!.some(({ unit }) => unit === "npu")).toBe(true);
    const compiled = at(`out/${report.artifacts[0].path}`);
    expect(await outputOf([compiled, "--engine", "npu"])).toEqual(await outputOf([model]));
    expect((await inProcess(["disasm", compiled])).stdout).toMatch(/convolve +input=0x/);
  });

  it("explains where each node runs, how and why, on any machine", async () => {
    const json = async <T>(...words: string[]) => JSON.parse((await inProcess([...words, "--json"])).stdout) as T;
    const { machines } = await json<{ machines: readonly { name: string; clockMHz: number }[] }>("targets");
    writeFileSync(
      at("half.json"),
      JSON.stringify({ ...machines[0], name: "half", clockMHz: machines[0].clockMHz / 2 }),
    );
    const target = ["--target", "half", "--machine", at("half.json")];
    const { nodes } = await json<Explanation>("explain", model, ...target);
    const { latency, delegation } = await json<Report>("profile", model, ...target);
    expect(nodes.filter(({ unit }) => unit === "npu")).toHaveLength(delegation!.npu);
    expect(nodes.reduce((sum, { mapping }) => sum + mapping!.us, 0)).toBeCloseTo(latency!.ms * 1000, 6);
    const softmax = nodes.find(({ op }) => op === "softmax")!;
    expect(softmax).toMatchObject({ unit: "cpu", reasons: [expect.stringMatching(/exponential/)] });
    expect(softmax.mapping).toMatchObject({ commands: {}, boundBy: "processor" });
    const dense = nodes.find(({ op }) => op === "linear")!;
    expect(dense).toMatchObject({ unit: "npu", reasons: [], mapping: { commands: { convolve: 1 }, copyCycles: 0 } });
    const stored = await json<Explanation>("explain", model, ...target, "--weights", "storage");
    expect(stored.nodes.find(({ op }) => op === "linear")!.mapping!.copyCycles).toBeGreaterThan(0);
    const { stdout } = await inProcess(["explain", model, ...target]);
    expect(stdout).toMatch(/^11 nodes: 10 on the NPU, 1 on the CPU, 0 that the target can't express/);
    expect(stdout).toMatch(/npu +\d+ +\d+\.\d +weights +convolve 1 +linear/);
  });

  it("searches for schedules at the level optimal, tells how far they are from their bounds, and refuses limits that mean nothing", async () => {
    const words = ["profile", model, "--target", "imxrt700", "--weights", "storage"];
    const latencyOf = async (...more: string[]) => {
      const { latency } = JSON.parse((await inProcess([...words, ...more, "--json"])).stdout) as Report;
      if (latency === undefined || isMeasured(latency)) throw new Error("it is predicted");
      return latency;
    };
    const fast = await latencyOf();
    const optimal = await latencyOf("--level", "optimal", "--time-limit", "2");
    expect(fast.schedule).toMatchObject({ level: "fast", proven: true });
    expect(optimal.schedule).toMatchObject({ level: "optimal", proven: true });
    expect(optimal.ms).toBeLessThanOrEqual(fast.ms);
    expect(optimal.schedule.memory.bytes).toBeLessThanOrEqual(fast.schedule.memory.bytes);
    for (const { ms, boundMs, schedule } of [fast, optimal])
      expect(schedule.gapPercent).toBeCloseTo((ms / boundMs - 1) * 100, 6);
    expect((await inProcess(words)).stdout).toMatch(/bound +at least .* above .*\nschedule +fast, no schedule/);
    const noSearch = await inProcess([...words, "--time-limit", "5", "--json"]);
    expect([noSearch.exitCode, codesOf(noSearch)]).toEqual([2, ["machine.no-search"]]);
    for (const bad of ["0", "-1", "1.5", "soon"])
      expect((await inProcess([...words, "--level", "optimal", "--time-limit", bad])).exitCode).toBe(2);
    expect((await inProcess([...words, "--level", "best"])).exitCode).toBe(2);
  });

  it("refuses to execute programs on another machine than they were compiled for", async () => {
    const words = ["compile", model, "--target", "mcxn94x", "--data", at("data"), "-o", at("other"), "--json"];
    const { artifacts } = JSON.parse((await inProcess(words)).stdout) as Report;
    const run = ["run", at(`other/${artifacts[0].path}`), "--input", `0=${at("x.npy")}`, "-o", at("y.npy"), "--json"];
    const outcome = await inProcess([...run, "--engine", "npu"]);
    expect([outcome.exitCode, ...codesOf(outcome)]).toEqual([2, "npu.other-machine"]);
    expect((await inProcess([...run, "--engine", "npu", "--target", "mcxn94x"])).exitCode).toBe(0);
  });

  it.each([
    ["a float model", ["profile", digits("digits.onnx"), "--target", "imxrt700"], "npu.float-model"],
    ["a float model to explain", ["explain", digits("digits.onnx"), "--target", "imxrt700"], "npu.float-model"],
    ["an unknown machine to explain", ["explain", model, "--target", "abacus"], "target.unknown"],
    ["an unknown machine", ["profile", model, "--target", "abacus"], "target.unknown"],
    ["a file format", ["profile", model, "--target", "tflite"], "target.no-machine"],
    ["an unknown mode", ["profile", model, "--target", "imxrt700", "--mode", "turbo"], "machine.unknown-mode"],
    ["a model without programs", ["disasm", model], "npu.no-program"],
    ["a description without a target", ["profile", model, "--machine", model], "target.missing"],
    ["a description that is none", ["profile", model, "--target", "x", "--machine", model], "machine.no-json"],
  ])("refuses %s", async (_, words, code) => {
    const outcome = await inProcess([...words, "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toContain(code);
  });

  it("tells everything that a description gets wrong", async () => {
    const [machine] = JSON.parse((await inProcess(["targets", "--json"])).stdout).machines;
    writeFileSync(at("bad.json"), JSON.stringify({ ...machine, name: "bad", ports: { weights: 0, data: -1 } }));
    const outcome = await inProcess(["profile", model, "--target", "bad", "--machine", at("bad.json"), "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toEqual(["machine.bad"]);
  });
});
