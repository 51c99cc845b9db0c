import { DiagnosticError, type Graph, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { expect, test } from "vitest";
import { compileGraph, isSegment, machines, type NpuOptions } from "../index.ts";

/** Two pools, each between transposes, and a softmax in their middle. */
const network = `
  graph g
  input x: i8[1,16,32,32]<scale=[0.1], zeroPoint=[0]>
  a: i8[1,32,32,16]<scale=[0.1], zeroPoint=[0]> = transpose(x) {permutation=[0,2,3,1]} from [image]
  b: i8[1,16,16,16]<scale=[0.1], zeroPoint=[0]> = maxPool2d(a) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none} named pool from [features.0]
  c: i8[1,16,16,16]<scale=[0.00390625], zeroPoint=[-128]> = softmax(b) {axis=3, beta=1} named shares
  d: i8[1,8,8,16]<scale=[0.00390625], zeroPoint=[-128]> = maxPool2d(c) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none} named pool_1 from [features.1]
  e: i8[1,16,8,8]<scale=[0.00390625], zeroPoint=[-128]> = transpose(d) {permutation=[0,3,1,2]}
  output e`;

function reasonsWith(options: NpuOptions): Readonly<Record<string, string>> {
  const graph: Graph = parseGraph(network, operators);
  const { reasons, phases } = compileGraph(graph, machines.imxrt700, options);
  for (const phase of phases)
    if (!isSegment(phase)) for (const node of phase.nodes) expect(reasons.has(node)).toBe(true);
  return Object.fromEntries([...reasons].map(([{ name }, reason]) => [name, reason]));
}

test("keeps layers on the processor by their names, those of the source, or their operators", () => {
  expect(Object.keys(reasonsWith({}))).toEqual(["shares"]);
  expect(reasonsWith({ keepOnProcessor: ["pool_1"] })["pool_1"]).toMatch(/asked to stay .* pool_1/);
  expect(reasonsWith({ keepOnProcessor: ["features.*"] })).toMatchObject({
    pool: expect.stringMatching(/asked/),
    pool_1: expect.stringMatching(/asked/),
  });
  expect(Object.keys(reasonsWith({ keepOnProcessor: ["maxPool2d"] }))).toHaveLength(5);
});

test("makes no program that would only move numbers", () => {
  expect(reasonsWith({ keepOnProcessor: ["pool_1"] })).toEqual({
    shares: expect.stringMatching(/exponential/),
    pool_1: expect.stringMatching(/asked/),
    e: expect.stringMatching(/only move numbers/),
  });
});

test("tells of every name that fits nothing", () => {
  try {
    reasonsWith({ keepOnProcessor: ["features.9", "pool", "convolve*"] });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(DiagnosticError);
    const { diagnostics } = error as DiagnosticError;
    expect(diagnostics.map(({ code, message }) => [code, message.match(/called (\S+),/)?.[1]])).toEqual([
      ["npu.unknown-layer", "features.9"],
      ["npu.unknown-layer", "convolve*"],
    ]);
  }
});
