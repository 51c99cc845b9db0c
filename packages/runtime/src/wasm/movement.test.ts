import { type Attribute, Graph, type Value } from "@millrace/ir";
import {
  concat,
  depthToSpace,
  expand,
  gather,
  pad,
  resize,
  slice,
  spaceToDepth,
  split,
  tile,
  transpose,
} from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantized, sequence, tensor } from "../kernels/sample.testing.ts";
import { blocksOf } from "./blocks.ts";
import { expectSame, isFast } from "./layer.testing.ts";

type DType = "i8" | "u8" | "i16";
type Op = typeof concat | typeof pad;

interface Move {
  readonly op: unknown;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly shapes: readonly (readonly number[])[];
  /** Parameters of the inputs, for those that differ from the result's. */
  readonly scales?: readonly number[];
  readonly indices?: readonly number[];
}

function graphOf({ op, attributes, shapes, scales = [], indices }: Move, type: DType): Graph {
  const graph = new Graph("movement");
  const zero = type === "i16" ? 0 : 7;
  const inputs: Value[] = shapes.map((shape, index) =>
    graph.addInput(`x${index}`, quantized(type, shape, scales[index] ?? 0.1, zero)),
  );
  if (indices) inputs.push(graph.addConstant("indices", tensor("i32", [indices.length], indices)));
  const mover = op as Op;
  const outputTypes = mover.infer(inputs, attributes).map(({ shape }) => quantized(type, shape as number[], 0.1, zero));
  graph.setOutputs(graph.addNode({ op: mover, inputs, attributes, outputTypes }).outputs);
  return graph;
}

const padding = { before: [1, 0, 2], after: [0, 3, 1], value: -0.33 };
const image = { layout: "last", size: [5, 9], mode: "nearest", nearestRounding: "floor" };

const moves: Readonly<Record<string, Move>> = {
  "transpose, channels first": { op: transpose, attributes: { permutation: [0, 3, 1, 2] }, shapes: [[2, 5, 6, 7]] },
  "transpose of rows": { op: transpose, attributes: { permutation: [1, 0, 2] }, shapes: [[5, 6, 33]] },
  "concat of three": {
    op: concat,
    attributes: { axis: 1 },
    shapes: [
      [4, 3, 5],
      [4, 1, 5],
      [4, 3, 5],
    ],
  },
  "concat of equal parts": {
    op: concat,
    attributes: { axis: 0 },
    shapes: [
      [1, 12],
      [1, 12],
      [1, 12],
    ],
  },
  split: { op: split, attributes: { axis: 1, sizes: [3, 1, 4] }, shapes: [[3, 8, 5]] },
  "slice with steps": {
    op: slice,
    attributes: { starts: [1, 7, 0], sizes: [2, 3, 5], steps: [1, -2, 1] },
    shapes: [[3, 8, 5]],
  },
  "pad with a constant": { op: pad, attributes: { ...padding, mode: "constant" }, shapes: [[3, 8, 5]] },
  "pad by reflection": { op: pad, attributes: { ...padding, mode: "reflect" }, shapes: [[3, 8, 5]] },
  gather: { op: gather, attributes: { axis: 1 }, shapes: [[3, 8, 5]], indices: [7, 0, 0, 3, -1] },
  expand: { op: expand, attributes: { shape: [2, 3, 8, 5] }, shapes: [[3, 1, 5]] },
  tile: { op: tile, attributes: { repeats: [2, 1, 3] }, shapes: [[3, 2, 5]] },
  depthToSpace: {
    op: depthToSpace,
    attributes: { block: 2, layout: "last", order: "depthFirst" },
    shapes: [[1, 3, 4, 12]],
  },
  spaceToDepth: {
    op: spaceToDepth,
    attributes: { block: 2, layout: "last", order: "depthFirst" },
    shapes: [[2, 4, 6, 3]],
  },
  "resize to nearest": { op: resize, attributes: { ...image, coordinates: "asymmetric" }, shapes: [[2, 3, 4, 6]] },
};

describe("fast movements give the reference's integers", () => {
  for (const [name, move] of Object.entries(moves)) {
    it.each(["i8", "u8", "i16"] as const)(`${name}: %s`, async (type) => {
      const graph = graphOf(move, type);
      expect(await isFast(graph)).toBe(true);
      await expectSame(graph);
    });
  }

  it.each(["i8", "u8"] as const)("concat brings %s to the result's parameters", async (type) => {
    const graph = graphOf({ ...moves["concat of three"], scales: [0.1, 0.07, 0.33] }, type);
    expect(await isFast(graph)).toBe(true);
    await expectSame(graph);
  });

  it("blocks stand for their positions, and for padding", () => {
    const sizes = fc.record({
      seed: fc.nat(1000),
      count: fc.integer({ min: 1, max: 80 }),
      most: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(sizes, ({ seed, count, most }) => {
        const positions = Int32Array.from(sequence(seed, count, -1, most));
        const half = (position: number) => position > most / 2;
        const blocks = blocksOf(positions, positions.length, half)!;
        const restored = blocks.flatMap(({ first, length, runs, step }) =>
          Array.from({ length: length * runs }, (_, at) =>
            first < 0 ? -1 : first + Math.floor(at / length) * step + (at % length),
          ),
        );
        expect(restored).toEqual([...positions]);
        for (const { first, runs, step } of blocks) expect(half(first + (runs - 1) * step)).toBe(half(first));
      }),
    );
  });
});
