import { type Attribute, type DType, Graph, integerRange, perAxis, type Tensor, type Value } from "@millrace/ir";
import { conv2d, linear } from "@millrace/ops";
import { expect } from "vitest";
import { type ReferenceOptions, referenceEngine } from "../interpreter.ts";
import { quantized, sequence, tensor } from "../kernels/sample.testing.ts";
import { createScratch } from "../kernels/scratch.ts";
import { planSteps } from "../plan.ts";
import { wasmEngine } from "./engine.ts";
import { createLayout } from "./layout.ts";
import { assemble } from "./program.ts";
import { fastKernels } from "./table.ts";

export type Byte = "i8" | "u8";

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Integers of all that the type has, the same for a seed. */
export function random(dtype: DType, shape: readonly number[], seed: number): Tensor {
  return tensor(dtype, shape, sequence(seed, count(shape), ...integerRange(dtype)));
}

/** Runs on inputs of all integers that the type has, and expects the reference's results for every value of the graph. */
export async function expectSame(graph: Graph, options: ReferenceOptions = {}, seeds: readonly number[] = [1, 2]) {
  const wanted = [...graph.nodes()].flatMap(({ outputs }) => outputs);
  for (const kept of [wanted, []]) {
    const engines = [referenceEngine(options), wasmEngine(options)];
    const [reference, wasm] = await Promise.all(engines.map((engine) => engine.prepare(graph, kept)));
    for (const seed of seeds) {
      const feeds = new Map(
        graph.inputs.map(({ name, type }) => [name, random(type.dtype, type.shape as number[], seed)]),
      );
      const expected = await reference.run(feeds);
      const actual = await wasm.run(feeds);
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [name, { shape, data }] of expected)
        expect({ name, shape, data: actual.get(name)?.data }).toEqual({ name, shape, data });
    }
  }
}

const context = { rounding: "double", flavor: "tflite", scratch: createScratch() } as const;

/** Whether any of a graph's nodes leaves the reference kernels. */
export async function isFast(graph: Graph): Promise<boolean> {
  const kept = new Set(graph.outputs);
  return (await assemble(planSteps(graph, kept, context), kept, context, new Map())).fast !== undefined;
}

/** The module's operation for a graph's only node. */
export function operationOf(graph: Graph): string | undefined {
  const [step] = planSteps(graph, new Set(graph.outputs), context);
  if (step.bodies) return undefined;
  const { node, kernel } = step;
  const typeOf = (value: Value | undefined) => value!.type as { readonly shape: readonly number[] };
  const fast = fastKernels[node.op.name as "conv2d"]?.({ node, kernel, context, typeOf });
  const slots = new Map([...graph.inputs, ...graph.outputs].map((value) => [value, { bytes: 1, from: 0, to: 0 }]));
  return fast?.place(createLayout(0, slots, (value) => value)).at(-1)?.operation;
}

/** A layer to test; what is left out is as plain as may be. */
export interface Layer {
  readonly x: readonly number[];
  readonly weights: readonly number[];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
  readonly padding?: readonly number[];
  readonly groups?: number;
  readonly activation?: string;
  readonly type?: Byte;
  /** Scale of the result; 0.02 · 0.001 is that of sums. */
  readonly scale?: number;
  readonly weightScale?: number;
  /** Zero points of the result and of the data. */
  readonly zero?: number;
  readonly dataZero?: number;
  /** Size of the greatest bias. */
  readonly bias?: number;
}

/** A convolution, or a fully connected layer where the weights have two axes. */
export function layer(init: Layer): Graph {
  const { x, weights, stride = [1, 1], dilation = [1, 1], padding = [0, 0, 0, 0], groups = 1 } = init;
  const { activation = "none", type = "i8", scale = 0.05, weightScale = 0.001, bias = 30000 } = init;
  const { zero = type === "u8" ? 103 : 3, dataZero = type === "u8" ? 100 : -7 } = init;
  const [channels] = weights;
  const graph = new Graph("layer");
  const scales = Array.from({ length: channels }, (_, index) => weightScale * (1 + (index % 5)));
  const filter = random("i8", weights, 3);
  const inputs = [
    graph.addInput("x", quantized(type, x, 0.02, dataZero)),
    graph.addConstant("weights", filter, perAxis(scales, 0)),
    graph.addConstant("bias", tensor("i32", [channels], sequence(4, channels, -bias, bias))),
  ];
  const op = weights.length === 2 ? linear : conv2d;
  const attributes: Record<string, Attribute> =
    op === linear ? { activation } : { stride, dilation, padding, groups, activation, layout: "last" };
  const [{ shape }] = op.infer(inputs, attributes);
  const outputTypes = [quantized(type, shape as number[], scale, zero)];
  graph.setOutputs(graph.addNode({ op, inputs, attributes, outputTypes, name: "y" }).outputs);
  return graph;
}
