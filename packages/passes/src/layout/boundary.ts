import { type Graph, type Node, permute, sameShape, type Value } from "@millrace/ir";
import { reshape, toChannelsFirst, toChannelsLast, transpose } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { isOutput } from "../rewrite.ts";
import { movesNothing, permutedType } from "./permuted-value.ts";

/** How a boundary value's axes moved against the source model's: now[i] = source[permutation[i]]. */
export interface BoundaryChange {
  readonly name: string;
  readonly kind: "input" | "output";
  readonly permutation: readonly number[];
}

/**
 * Gives the graph channel-last inputs and outputs where all that reads an input, or what makes an output, is the
 * transpose between the two layouts. Names stay. Adds what it changed to `changes`.
 */
export function absorbIntoBoundary(changes: BoundaryChange[]): Pass {
  return {
    name: "absorb-into-boundary",
    run(graph, context) {
      if (context.nested) return 0;
      const inputs = graph.inputs.map(({ name }) => name).filter((_, index) => absorbInput(graph, graph.inputs[index]));
      const outputs = absorbOutputs(graph);
      const found = [
        ...inputs.map((name) => ({ name, kind: "input", permutation: toChannelsLast }) as const),
        ...outputs.map((name) => ({ name, kind: "output", permutation: toChannelsLast }) as const),
      ];
      for (const { name, kind } of found) {
        context.report({
          code: "layout.boundary-changed",
          severity: "info",
          message: `${kind} ${name} is channel-last (NHWC) in the result; the source has it channel-first (NCHW)`,
          at: { value: name },
          hint: "use --io-layout source to keep the source's layout",
        });
      }
      changes.push(...found);
      return found.length;
    },
    examples,
  };
}

const examples = [
  {
    name: "an input, and an output that is given twice",
    before: `
      input x: f32[1,2,3,4]
      a: f32[1,3,4,2] = transpose(x) {permutation=[0,2,3,1]}
      b: f32[1,3,4,2] = neg(a)
      y: f32[1,2,3,4] = transpose(b) {permutation=[0,3,1,2]}
      output y
      output y as again`,
    after: `
      input x: f32[1,3,4,2]
      y: f32[1,3,4,2] = neg(x) named b
      output y
      output y as again`,
  },
  {
    name: "an output that is read inside too",
    before: `
      input x: f32[1,3,4,2]
      b: f32[1,3,4,2] = neg(x)
      y: f32[1,2,3,4] = transpose(b) {permutation=[0,3,1,2]}
      z: f32[24] = reshape(y) {shape=[24]}
      output y
      output z`,
    after: `
      input x: f32[1,3,4,2]
      y: f32[1,3,4,2] = neg(x) named b
      y_first: f32[1,2,3,4] = transpose(y) {permutation=[0,3,1,2]} named y
      z: f32[24] = reshape(y_first) {shape=[24]}
      output y
      output z`,
  },
  {
    name: "images of one channel, where nothing moves",
    before: `
      input x: f32[1,1,3,4]
      a: f32[1,3,4,1] = reshape(x) {shape=[1,3,4,1]}
      b: f32[1,3,4,1] = neg(a)
      y: f32[1,1,3,4] = reshape(b) {shape=[1,1,3,4]}
      output y`,
    after: `
      input x: f32[1,3,4,1]
      y: f32[1,3,4,1] = neg(x) named b
      output y`,
  },
  {
    name: "an input that is read in both layouts",
    before: `
      input x: f32[1,2,3,4]
      a: f32[1,3,4,2] = transpose(x) {permutation=[0,2,3,1]}
      b: f32[1,3,4,2] = neg(a)
      c: f32[24] = reshape(x) {shape=[24]}
      output b
      output c`,
  },
  {
    name: "a transpose between an input and an output",
    before: `
      input x: f32[1,2,3,4]
      y: f32[1,3,4,2] = transpose(x) {permutation=[0,2,3,1]}
      output y`,
  },
];

function absorbInput(graph: Graph, input: Value): boolean {
  const readers = [...input.uses].map(({ user }) => user);
  if (readers.length === 0 || !readers.every((node) => turns(node, toChannelsLast))) return false;
  const results = readers.map((node) => node.outputs[0]);
  if (results.some((result) => isOutput(graph, result))) return false;
  const turned = graph.replaceInput(input, permutedType(input.type, toChannelsLast));
  for (const node of readers) {
    graph.replaceUses(node.outputs[0], turned);
    graph.removeNode(node);
  }
  return true;
}

/** Whether the node only turns four axes as wanted, by a transpose or, with nothing to move, a reshape. */
function turns(node: Node, wanted: readonly number[]): boolean {
  const source = node.inputs[0]?.type;
  if (source?.shape.length !== 4) return false;
  if (node.op === transpose) return transpose.attributesOf(node).permutation.join() === wanted.join();
  const { shape } = node.outputs[0]?.type ?? {};
  return node.op === reshape && movesNothing(source.shape, wanted) && sameShape(shape!, permute(source.shape, wanted));
}

/** Names of the outputs that are channel-last from now on. */
function absorbOutputs(graph: Graph): string[] {
  const places = new Map<Value, number[]>();
  graph.outputs.forEach((output, index) => {
    const known = places.get(output);
    if (known) known.push(index);
    else places.set(output, [index]);
  });
  return [...places].flatMap(([output, indices]) => {
    if (!absorbOutput(graph, output, indices)) return [];
    return indices.map((index) => graph.outputNames[index]);
  });
}

/** A result that is an input or another output already can't take over the output's name, so the transpose stays. */
function absorbOutput(graph: Graph, output: Value, indices: readonly number[]): boolean {
  const node = output.producer;
  if (node === undefined || !turns(node, toChannelsFirst)) return false;
  const source = node.inputs[0]!;
  if (source.producer === undefined || isOutput(graph, source)) return false;
  const { name } = output;
  for (const index of indices) graph.setInput(graph.results, index, source);
  if (output.uses.size === 0) graph.removeNode(node);
  else graph.rename(output, `${name}_first`);
  graph.rename(source, name);
  return true;
}
