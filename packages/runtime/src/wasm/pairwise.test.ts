import { type Attribute, Graph } from "@millrace/ir";
import { add, maximum, minimum, mul, squaredDifference, sub } from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantized } from "../kernels/sample.testing.ts";
import { expectSame, isFast } from "./layer.testing.ts";
import { rowsOf } from "./pairwise.ts";

const size = fc.integer({ min: 1, max: 5 });

/** Two shapes of up to four axes that can be broadcast to one another, and the result's. */
const shapes = fc
  .array(fc.tuple(size, fc.constantFrom("both", "both", "first", "second")), { minLength: 1, maxLength: 4 })
  .chain((axes) =>
    fc.record({
      first: fc.constant(axes.map(([count, held]) => (held === "second" ? 1 : count))),
      second: fc.constant(axes.map(([count, held]) => (held === "first" ? 1 : count))),
      leading: fc.boolean(),
    }),
  )
  .map(({ first, second, leading }) => [first, leading && second[0] === 1 ? second.slice(1) : second] as const);

const operators = { add, sub, mul, maximum, minimum, squaredDifference };
const scale = fc.constantFrom(0.0004, 0.01, 0.05, 0.1, 1 / 256, 0.77, 30);
const stored = fc.constantFrom(0, 1, 100, 128, 255);
const steps = fc.record({ scale, stored });

const pairs = fc.record({
  name: fc.constantFrom(...(Object.keys(operators) as (keyof typeof operators)[])),
  shapes,
  type: fc.constantFrom("i8" as const, "u8" as const),
  parameters: fc.tuple(steps, steps, steps),
  activation: fc.constantFrom("none", "relu", "relu6"),
  options: fc.record({ rounding: fc.constantFrom("double" as const, "single" as const) }),
});

type Pair = typeof pairs extends fc.Arbitrary<infer Kind> ? Kind : never;

function graphOf({
  name,
  shapes,
  type,
  parameters,
  activation,
}: Pick<Pair, "name" | "type" | "parameters" | "activation"> & {
  readonly shapes: readonly (readonly number[])[];
}): Graph {
  const graph = new Graph("pair");
  const typed = (shape: readonly number[], index: number) =>
    quantized(type, shape, parameters[index].scale, parameters[index].stored - (type === "i8" ? 128 : 0));
  const inputs = shapes.map((shape, index) => graph.addInput("ab"[index], typed(shape, index)));
  const op = operators[name];
  const attributes: Readonly<Record<string, Attribute>> =
    name === "add" || name === "sub" || name === "mul" ? { activation } : {};
  const [{ shape }] = op.infer(inputs, attributes);
  graph.setOutputs(graph.addNode({ op, inputs, attributes, outputTypes: [typed(shape as number[], 2)] }).outputs);
  return graph;
}

describe("fast arithmetic on pairs gives the reference's integers", () => {
  it("of random shapes, scales and zero points", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (pair) => {
        const graph = graphOf(pair);
        expect(await isFast(graph)).toBe(true);
        await expectSame(graph, pair.options, [1]);
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it.each(Object.keys(operators) as (keyof typeof operators)[])(
    "%s of more pairs than there is room for",
    async (name) => {
      const parameters = [0.1, 0.03, 0.05].map((scale) => ({ scale, stored: 120 })) as unknown as Pair["parameters"];
      for (const shapes of [
        [
          [3, 401],
          [3, 401],
        ],
        [
          [3, 401],
          [3, 1],
        ],
        [[1], [3, 401]],
      ])
        await expectSame(graphOf({ name, shapes, type: "i8", parameters, activation: "none" }));
    },
  );

  it("rows are as long as both inputs allow", () => {
    expect(
      rowsOf(
        [2, 3, 4],
        [
          [2, 3, 4],
          [2, 3, 4],
        ],
      ),
    ).toMatchObject({ length: 24, steps: [1, 1] });
    expect(rowsOf([2, 3, 4], [[2, 3, 4], [1]])).toMatchObject({ length: 24, steps: [1, 0] });
    const rows = rowsOf(
      [2, 3, 4],
      [
        [2, 1, 4],
        [3, 1],
      ],
    );
    expect(rows).toMatchObject({ length: 4, steps: [1, 0] });
    expect(rows.offsets.map((list) => [...list])).toEqual([
      [0, 0, 0, 4, 4, 4],
      [0, 1, 2, 0, 1, 2],
    ]);
  });
});
