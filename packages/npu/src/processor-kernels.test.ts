import { parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { expect, test } from "vitest";
import { calibration, compileFitting, embedPrograms, machines, profileCompilation, withKernels } from "./index.ts";

const graph = parseGraph(
  `graph g
  input x: f32[1,16,16,8]
  q: i8[1,16,16,8]<scale=[0.1], zeroPoint=[0]> = quantize(x) {dtype=i8, scale=[0.1], zeroPoint=[0], axis=-1, rounding=away}
  pooled: i8[1,8,8,8]<scale=[0.1], zeroPoint=[0]> = maxPool2d(q) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none}
  shares: i8[1,8,8,8]<scale=[0.00390625], zeroPoint=[-128]> = softmax(pooled) {axis=3, beta=1}
  y: f32[1,8,8,8] = dequantize(shares)
  output y`,
  operators,
);
const { cortexM33 } = calibration;

/** Cycles of the processor by operator. */
function cyclesWith(kernels: "integer" | "portable" | "optimized"): Readonly<Record<string, number>> {
  const { compilation } = compileFitting(graph, withKernels(machines.imxrt700, kernels));
  const activities = profileCompilation(compilation).activities.filter(({ unit }) => unit === "cpu");
  return Object.fromEntries(activities.map(({ what, start, end }) => [what, end - start]));
}

test("ExecuTorch's kernels quantize more slowly and compute integers as reals between conversions", () => {
  const element = cortexM33.element.value;
  const slow = cortexM33.portableQuantizeElement.value;
  expect(cyclesWith("integer")["quantize"]).toBeCloseTo(2048 * cortexM33.quantizeElement.value);
  expect(cyclesWith("portable")["quantize"]).toBeCloseTo(2048 * slow);
  expect(cyclesWith("optimized")["quantize"]).toBeCloseTo(2048 * cortexM33.optimizedQuantizeElement.value);
  expect(cyclesWith("portable")["dequantize"]).toBeCloseTo(512 * element);
  expect(cyclesWith("portable")["softmax"]).toBeCloseTo(512 * (element + element + slow));
});

test("tells that such cycles are derived", () => {
  expect(withKernels(machines.imxrt700, "portable").basis).toMatch(/derived and not predicted/);
  expect(withKernels(machines.imxrt700, "integer")).toBe(machines.imxrt700);
});

test("predicts a graph with programs from their bytes as the one that it was compiled from", () => {
  const machine = withKernels(machines.imxrt700, "portable");
  const { graph: source, compilation } = compileFitting(graph, machine);
  const again = compileFitting(embedPrograms(source, compilation), machine);
  const [first, second] = [compilation, again.compilation].map(profileCompilation);
  expect(second.cycles).toBe(first.cycles);
  expect(second.bounds.cycles).toBeLessThanOrEqual(second.cycles);
  expect([...again.compilation.reasons.values()]).toEqual(
    ["q", "shares", "y"].map(() => expect.stringMatching(/left to the processor when/)),
  );
});
