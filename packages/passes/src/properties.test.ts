import type { Graph } from "@millrace/ir";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { BoundaryChange } from "./layout/boundary.ts";
import { remainingTransposes } from "./layout/explain-transposes.ts";
import { runPasses } from "./pass.ts";
import { channelsLast, cleanUp, layoutPasses } from "./pipelines.ts";
import { removeDead } from "./remove-dead.ts";
import { runChecked } from "./testing.ts";
import { buildNetwork, everyKind, networkPlans } from "./testing-networks.ts";

/** RUNS=5000 SEED=7 looks longer and elsewhere. */
const seed = Number(process.env["SEED"] ?? 1);
const runs = Number(process.env["RUNS"] ?? 200);

function layoutsOf(graph: Graph) {
  return [...graph.nodes()].flatMap(({ attributes }) => attributes["layout"] ?? []);
}

test("any network computes the same after every pass, in both ways to channel-last and back", () => {
  fc.assert(
    fc.property(networkPlans(everyKind, 10), fc.boolean(), (plan, absorb) => {
      const graph = buildNetwork(plan);
      const boundary: BoundaryChange[] | undefined = absorb ? [] : undefined;
      const { decisions } = runChecked(graph, [...cleanUp, ...channelsLast(boundary)], boundary);
      expect(layoutsOf(graph)).not.toContain("first");
      const explained = new Set(decisions.filter(({ pass }) => pass === "explain-transposes").map(({ node }) => node));
      expect(remainingTransposes(graph).filter(({ name }) => !explained.has(name))).toEqual([]);
      runChecked(graph, layoutPasses("first"));
      expect(layoutsOf(graph)).not.toContain("last");
    }),
    { numRuns: runs, seed },
  );
});

/** Kinds whose nodes work on channels wherever these are. */
const imageKinds = everyKind.filter(
  (kind) => !["reshape", "transpose", "layout", "matmul", "linear", "reduce", "expand"].includes(kind),
);

test("networks of image-like data get no transposes but at inputs and outputs, and hardly any where those change too", () => {
  fc.assert(
    fc.property(networkPlans(imageKinds, 12), fc.boolean(), (plan, absorb) => {
      const graph = buildNetwork(plan);
      const last = [...graph.nodes()].at(-1)?.outputs[0];
      if (last) graph.setOutputs([last]);
      runPasses(graph, [removeDead, ...cleanUp]);
      const before = remainingTransposes(graph).length;
      const used = graph.inputs.filter(({ uses }) => uses.size > 0).length;
      runPasses(graph, channelsLast(absorb ? [] : undefined));
      expect(remainingTransposes(graph).length).toBeLessThanOrEqual(before + 2 + (absorb ? 0 : used));
    }),
    { numRuns: 3 * runs, seed },
  );
});
