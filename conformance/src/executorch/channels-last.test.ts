import { readPte } from "@millrace/formats/pte";
import { elementCount, fromNumbers, type Graph, numbersOf, parseGraph, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { exportPte } from "@millrace/targets/executorch";
import { run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { numberStream } from "../../../packages/targets/src/tflite/graphs.testing.ts";
import { greatest } from "../torch-models/check-program.ts";
import { runProgram, runtime } from "./run-program.ts";

const next = numberStream(23);
const reals = (count: number) => Array.from({ length: count }, () => Number(next().toFixed(3)));
const integers = (count: number, most: number) => Array.from({ length: count }, () => Math.round(next() * most));
const window = "stride=[1,1], dilation=[1,1], padding=[1,1,1,1]";
const halving = "kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none";
const copied = "dim_order_ops::_clone_dim_order.out";
const permuted = "aten::permute_copy.out";

interface Case {
  readonly name: string;
  readonly graph: string;
  /** How many copies into another order and how many transposes there are. */
  readonly moves: Readonly<Record<string, number>>;
  /** By how much a result may differ, in units of integers. */
  readonly tolerance: number;
}

const cases: readonly Case[] = [
  {
    name: "layers of reals between images with channels innermost",
    graph: `graph g
      input x: f32[1,6,8,3]
      constant w: f32[4,3,3,3] = [${reals(108)}]
      constant b: f32[4] = [${reals(4)}]
      a: f32[1,6,8,4] = conv2d(x, w, b) {${window}, groups=1, layout=last, activation=relu}
      p: f32[1,3,4,4] = maxPool2d(a) {${halving}}
      q: f32[1,3,4,4] = sigmoid(p)
      s: f32[1,3,4,4] = add(p, q) {activation=none}
      c: f32[1,3,4,4] = clamp(s) {minimum=0.4, maximum=1.6}
      output c`,
    moves: {},
    tolerance: 1e-4,
  },
  {
    name: "layers for each channel",
    graph: `graph g
      input x: f32[2,5,4,6]
      constant w: f32[6,3,3,1] = [${reals(54)}]
      constant b: f32[6] = [${reals(6)}]
      a: f32[2,5,4,6] = conv2d(x, w, b) {${window}, groups=6, layout=last, activation=none}
      e: f32[2,5,4,6] = exp(x)
      q: f32[2,5,4,6] = div(a, e) {activation=none}
      output q`,
    moves: {},
    tolerance: 1e-4,
  },
  {
    name: "images in both orders",
    graph: `graph g
      input x: f32[1,6,8,3]
      input y: f32[1,4,6,8]
      constant w: f32[4,3,3,3] = [${reals(108)}]
      constant b: f32[4] = [${reals(4)}]
      constant v: f32[4,3,3,4] = [${reals(144)}]
      a: f32[1,6,8,4] = conv2d(x, w, b) {${window}, groups=1, layout=last, activation=none}
      f: f32[1,4,6,8] = transpose(a) {permutation=[0,3,1,2]}
      s: f32[1,4,6,8] = add(f, y) {activation=relu}
      l: f32[1,6,8,4] = transpose(s) {permutation=[0,2,3,1]}
      c: f32[1,6,8,4] = conv2d(l, v, b) {${window}, groups=1, layout=last, activation=none}
      output a
      output c`,
    moves: { [copied]: 1 },
    tolerance: 1e-4,
  },
  {
    name: "layers of integers",
    graph: `graph g
      input x: i8[1,6,8,3]<scale=[0.02], zeroPoint=[3]>
      constant w: i8[4,3,3,3]<scale=[0.01,0.012,0.014,0.016], zeroPoint=[0,0,0,0], axis=0> = [${integers(108, 127)}]
      constant b: i32[4]<scale=[0.0002,0.00024,0.00028,0.00032], zeroPoint=[0,0,0,0], axis=0> = [${integers(4, 900)}]
      a: i8[1,6,8,4]<scale=[0.06], zeroPoint=[-128]> = conv2d(x, w, b) {${window}, groups=1, layout=last, activation=relu}
      p: i8[1,3,4,4]<scale=[0.06], zeroPoint=[-128]> = maxPool2d(a) {${halving}}
      s: i8[1,3,4,4]<scale=[0.1], zeroPoint=[-100]> = add(p, p) {activation=none}
      output s`,
    moves: {},
    tolerance: 1,
  },
];

function feedsOf(graph: Graph): readonly Tensor[] {
  return graph.inputs.map(({ type: { dtype, shape } }) => {
    const sizes = shape as readonly number[];
    const count = elementCount(sizes);
    return fromNumbers(dtype, sizes, dtype === "i8" ? integers(count, 127) : reals(count));
  });
}

/** What a program moves images by, and whether one has its channels innermost. */
function movesOf(program: Uint8Array) {
  const [{ chains, operators: kernels, values }] = readPte(program).methods;
  const moves: Record<string, number> = {};
  for (const call of chains.flatMap(({ instructions }) => instructions)) {
    if (call.kind !== "KernelCall") continue;
    const { name, overload } = kernels[call.opIndex];
    const full = `${name}.${overload}`;
    if (full === copied || full === permuted) moves[full] = (moves[full] ?? 0) + 1;
  }
  const isLast = values.some((value) => value.kind === "Tensor" && String(value.dimOrder) === "0,2,3,1");
  return { moves, isLast };
}

describe.skipIf(!runtime.isThere)(runtime.name, () => {
  it.each(cases)("computes with channels innermost: $name", async ({ graph: text, moves, tolerance }) => {
    const graph = parseGraph(text, operators);
    const program = exportPte(graph).bytes;
    const feeds = feedsOf(graph);
    const named = new Map(graph.inputs.map(({ name }, index) => [name, feeds[index]]));
    const expected = await run(graph, referenceEngine(), named);
    const runs = runProgram({ program, feeds: [feeds, feeds] });
    expect(movesOf(program)).toEqual({ moves, isLast: true });
    for (const results of runs)
      for (const [index, { name }] of graph.outputs.entries()) {
        const wanted = expected.get(name)!;
        expect(new Set(Array.from(numbersOf(wanted), Number)).size).toBeGreaterThan(10);
        expect(results[index].shape).toEqual(wanted.shape);
        expect(greatest(results[index], wanted)).toBeLessThanOrEqual(tolerance);
      }
  });
});
