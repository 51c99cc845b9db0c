import {
  cloneAttributes,
  equalGraphs,
  Graph,
  type OperatorSample,
  parseGraph,
  printGraph,
  type Value,
  verify,
} from "@millrace/ir";
import fc from "fast-check";
import { expect, test } from "vitest";
import { operators } from "./registry.ts";

const samples = [...operators.values()].flatMap((op) => op.samples.map((sample) => ({ op, sample })));

/** How a node of a random graph comes about: an operator's sample, where its inputs come from, and names. */
interface Step {
  readonly at: number;
  readonly constant: boolean;
  readonly reuse: boolean;
  readonly name: string;
}

function fits(value: Value, sample: OperatorSample): boolean {
  const [tensor] = sample.inputs;
  const { dtype, shape, quantization } = value.type;
  return dtype === tensor!.dtype && shape.join() === tensor!.shape.join() && quantization === sample.quantizations?.[0];
}

/** A graph of operators from samples, whose first inputs are earlier results where the types fit. */
function graphOf(steps: readonly Step[]): Graph {
  const graph = new Graph("made of samples");
  const values: Value[] = [];
  for (const { at, constant, reuse, name } of steps) {
    const { op, sample } = samples[at % samples.length];
    const inputs = sample.inputs.map((tensor, index) => {
      if (tensor === undefined) return undefined;
      const quantization = sample.quantizations?.[index];
      const known = reuse && index === 0 ? values.find((value) => fits(value, sample)) : undefined;
      if (known) return known;
      if (constant || index > 0) return graph.addConstant(`${name} ${index}`, tensor, quantization);
      return graph.addInput(name, { dtype: tensor.dtype, shape: tensor.shape, ...(quantization && { quantization }) });
    });
    const node = graph.addNode({
      op,
      inputs,
      attributes: cloneAttributes(sample.attributes),
      name: `${name}/${op.name}`,
      origin: [name],
    });
    values.push(...node.outputs);
  }
  graph.setOutputs(values.filter(({ uses }) => uses.size === 0));
  return graph;
}

const steps = fc.array(fc.record({ at: fc.nat(), constant: fc.boolean(), reuse: fc.boolean(), name: fc.string() }), {
  maxLength: 30,
});

test("graphs of all samples are sound and come back from text", () => {
  const graph = graphOf(
    samples.map((_, at) => ({ at, constant: at % 3 === 0, reuse: at % 2 === 0, name: `node_${at}` })),
  );
  expect(graph.size).toBe(samples.length);
  expect(verify(graph)).toEqual([]);
  const text = printGraph(graph, { constants: "full" });
  expect(equalGraphs(graph, parseGraph(text, operators))).toBeUndefined();
});

test("random graphs are sound and come back from text", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const graph = graphOf(steps);
      expect(verify(graph)).toEqual([]);
      const text = printGraph(graph, { constants: "full" });
      const parsed = parseGraph(text, operators);
      expect(equalGraphs(graph, parsed)).toBeUndefined();
      expect(verify(parsed)).toEqual([]);
      expect(printGraph(parsed, { constants: "full" })).toBe(text);
    }),
    { numRuns: 200 },
  );
});

test("a changed attribute is found by verify", () => {
  const graph = graphOf([
    { at: samples.findIndex(({ op }) => op.name === "pad"), constant: false, reuse: false, name: "p" },
  ]);
  const text = printGraph(graph, { constants: "full" });
  const harm = (from: string, to: string) =>
    verify(parseGraph(text.replace(from, to), operators)).map(({ message }) => message);
  expect(harm("mode=constant", "mode=wrap").join()).toContain("attribute mode must be one of constant");
  expect(harm("before=[0,1]", "before=[0,2]").join()).toContain("gives f32[2,4]");
  expect(harm("before=[0,1]", "before=[0]").join()).toContain("one entry for each axis");
});
