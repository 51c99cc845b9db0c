import { verify } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { bindDimensions } from "./bind-dimensions.ts";
import type { BoundaryChange } from "./layout/boundary.ts";
import { orderForMemory } from "./memory/order-for-memory.ts";
import { patches } from "./memory/patches.ts";
import { channelsLast, cleanUp, layoutPasses } from "./pipelines.ts";
import { unfoldQuantization } from "./quantization/unfold-quantization.ts";
import { recognizeAttention } from "./recognize-attention.ts";
import { recognizeUnrolledLstm } from "./recognize-unrolled-lstm.ts";
import { spellAttention } from "./spell-attention.ts";
import { spellNormalizations } from "./spell-normalizations.ts";
import { difference, exampleGraph, runChecked } from "./testing.ts";
import { unrollRecurrent } from "./unroll-recurrent.ts";

/** Every pass by name, and the list that it tells its changes of the boundary to. */
function allPasses() {
  const boundary: BoundaryChange[] = [];
  const passes = [
    bindDimensions(),
    ...layoutPasses("first"),
    ...cleanUp,
    ...channelsLast(boundary),
    unfoldQuantization,
    unrollRecurrent,
    recognizeUnrolledLstm,
    spellNormalizations,
    recognizeAttention,
    spellAttention,
    orderForMemory,
    patches({ bytes: 143, inPlace: true }),
  ];
  return { passes: new Map(passes.map((pass) => [pass.name, pass])), boundary };
}

for (const [name, { examples = [] }] of allPasses().passes) {
  describe(name, () => {
    for (const { name: title, before, after, noted } of examples) {
      test(`${after === undefined ? "leaves alone" : "changes"} ${title}`, () => {
        const graph = exampleGraph(before);
        expect(verify(graph)).toEqual([]);
        const { passes, boundary } = allPasses();
        const { changes, decisions } = runChecked(graph, [passes.get(name)!], boundary);
        expect(difference(graph, exampleGraph(after ?? before))).toBeUndefined();
        expect(changes[name] > 0).toBe(after !== undefined);
        expect(decisions.map(({ message }) => message)).toEqual(noted === undefined ? [] : [noted]);
      });
    }

    test("has examples of what it changes and of what it leaves alone", () => {
      const changed = examples.map(({ after }) => after !== undefined);
      expect([...new Set(changed)].sort()).toEqual(name === "explain-transposes" ? [false] : [false, true]);
    });
  });
}
