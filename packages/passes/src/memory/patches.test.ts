import { type Graph, type Value, verify } from "@millrace/ir";
import { averagePool2d, conv2d, pad } from "@millrace/ops";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { runPasses } from "../pass.ts";
import { expectClose, resultsOf, runChecked } from "../testing.ts";
import { NetworkBuilder } from "../testing-graphs.ts";
import { buildNetwork, everyKind, networkPlans } from "../testing-networks.ts";
import { peakBytes } from "./order-for-memory.ts";
import { patches } from "./patches.ts";

/** Steps of a network on channel-last images. */
const steps = {
  onePixel: (n, x) => convolve(n, x, { outputs: 7 }),
  narrow: (n, x) => convolve(n, x, { outputs: 2 }),
  window: (n, x) => convolve(n, x, { kernel: 3, padding: [1, 1, 1, 1] }),
  strided: (n, x) => convolve(n, x, { kernel: 3, stride: 2, padding: [0, 1, 2, 1] }),
  dilated: (n, x) => convolve(n, x, { kernel: 3, dilation: 2, padding: [3, 1, 1, 3] }),
  residual: (n, x) => n.add(x, convolve(n, n.relu(x), { kernel: 3, padding: [1, 1, 1, 1] })),
  mean: (n, x) => pool(n, x, false),
  countingMean: (n, x) => pool(n, x, true),
  padded: (n, x) => n.node(pad, [x], { before: [0, 1, 0, 0], after: [0, 2, 1, 0], mode: "constant", value: 0.5 }),
  scaled: (n, x) => n.mul(x, n.constant("factor", [1, 1, 1, x.type.shape[3] as number])),
} satisfies Record<string, (n: NetworkBuilder, x: Value) => Value>;

interface Convolution {
  readonly outputs?: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly padding?: readonly number[];
}

function convolve(n: NetworkBuilder, x: Value, options: Convolution): Value {
  const depth = x.type.shape[3] as number;
  const { outputs = depth, kernel = 1, stride = 1, dilation = 1, padding = [0, 0, 0, 0] } = options;
  return n.node(conv2d, [x, n.constant("w", [outputs, kernel, kernel, depth])], {
    stride: [stride, stride],
    dilation: [dilation, dilation],
    padding,
    groups: 1,
    layout: "last",
    activation: "relu",
  });
}

function pool(n: NetworkBuilder, x: Value, countPadding: boolean): Value {
  const window = { kernel: [3, 2], stride: [2, 1], padding: [1, 0, 1, 1] };
  return n.node(averagePool2d, [x], { ...window, countPadding, layout: "last", activation: "none" });
}

const plan = fc.record({
  sizes: fc.tuple(fc.integer({ min: 9, max: 14 }), fc.integer({ min: 6, max: 9 }), fc.integer({ min: 1, max: 3 })),
  kinds: fc.array(fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])), { minLength: 1, maxLength: 6 }),
  share: fc.double({ min: 0.4, max: 0.95, noNaN: true }),
  inPlace: fc.boolean(),
});

function network(sizes: readonly number[], kinds: readonly (keyof typeof steps)[]): Graph {
  const n = new NetworkBuilder();
  return n.finish(kinds.reduce((x, kind) => steps[kind](n, x), n.input("x", [1, ...sizes])));
}

test("images are computed alike in stripes, in as little memory as was asked for unless told otherwise", () => {
  let fitting = 0;
  fc.assert(
    fc.property(plan, ({ sizes, kinds, share, inPlace }) => {
      const graph = network(sizes, kinds);
      const before = peakBytes(graph)!;
      const bytes = Math.round(before * share);
      const { changes, diagnostics } = runChecked(graph, [patches({ bytes, inPlace })]);
      const told = diagnostics.filter(({ code }) => code === "memory.patches");
      expect(told.length).toBe(changes["patches"]);
      if (changes["patches"] > 0 && !inPlace) expect(peakBytes(graph)).toBeLessThan(before);
      if (told.length < diagnostics.length) return;
      fitting++;
      if (!inPlace) expect(peakBytes(graph)).toBeLessThanOrEqual(bytes);
    }),
    { numRuns: 100, seed: 1 },
  );
  expect(fitting).toBeGreaterThan(10);
});

test("networks of any operators compute the same", () => {
  fc.assert(
    fc.property(networkPlans(everyKind, 10), fc.boolean(), (plan, inPlace) => {
      runChecked(buildNetwork(plan), [patches({ bytes: 1, inPlace })]);
    }),
    { numRuns: 100, seed: 1 },
  );
});

/** A large image between two small ones. */
function bulge(): Graph {
  const n = new NetworkBuilder();
  const wide = convolve(n, n.input("x", [1, 32, 32, 2]), { outputs: 16 });
  const filtered = convolve(n, wide, { kernel: 3, stride: 2, padding: [1, 1, 1, 1] });
  return n.finish(convolve(n, filtered, { outputs: 4 }));
}

test("the fewest stripes are taken that fit, and their borders told as work done again", () => {
  const graph = bulge();
  const before = resultsOf(graph);
  expect(peakBytes(graph)).toBe(4 * (32 * 32 * 16 + 16 * 16 * 16));
  const { diagnostics } = runPasses(graph, [patches({ bytes: 30_000, inPlace: false })]);
  expect(verify(graph)).toEqual([]);
  expect(peakBytes(graph)).toBeLessThanOrEqual(30_000);
  expect(diagnostics.map(({ code, severity, at }) => ({ code, severity, at }))).toEqual([
    { code: "memory.patches", severity: "info", at: { node: "conv2d_0" } },
  ]);
  expect(diagnostics[0].message).toMatch(/^3 operators from conv2d_0 to conv2d_2 are computed in \d+ stripes/);
  expectClose(resultsOf(graph), before);
});

test("what fits already stays as it is", () => {
  const graph = bulge();
  expect(runPasses(graph, [patches({ bytes: peakBytes(graph)!, inPlace: true })]).changes).toEqual({ patches: 0 });
});
