import {
  fromNumbers,
  type Graph,
  type Node,
  numbersOf,
  type Quantization,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { isOutput } from "../rewrite.ts";
import { quantizing } from "./steps.ts";

/**
 * Computes on signed bytes in the place of unsigned ones, which stand for the same reals with zero points less by 128; only inputs and
 * outputs stay unsigned. A graph with weights that are not around zero stays as it is, because signed layers don't take them.
 */
export const signBytes: Pass = {
  name: "sign-bytes",
  run(graph, context) {
    const nodes = [...graph.nodes()];
    if (!nodes.some(({ outputs }) => outputs.some(isUnsigned))) return 0;
    for (const node of nodes) {
      const why = obstacle(node);
      if (why === undefined) continue;
      context.note({ pass: "sign-bytes", node: node.name, message: why });
      return 0;
    }
    for (const input of graph.inputs) if (isUnsigned(input)) signInput(graph, input);
    for (const node of nodes) signNode(graph, node);
    return nodes.length;
  },
  examples: [
    {
      name: "a sum of inputs and constants",
      before: `
        input x: u8[2]<scale=[1], zeroPoint=[128]>
        constant c: u8[2]<scale=[1], zeroPoint=[0]> = [0, 255]
        y: u8[2]<scale=[2], zeroPoint=[100]> = add(x, c) {activation=none}
        output y`,
      after: `
        input x: u8[2]<scale=[1], zeroPoint=[128]>
        x_signed: i8[2]<scale=[1], zeroPoint=[0]> = quantize(x) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=away}
        constant c: i8[2]<scale=[1], zeroPoint=[-128]> = [-128, 127]
        y_signed: i8[2]<scale=[2], zeroPoint=[-28]> = add(x_signed, c) {activation=none} named y
        y: u8[2]<scale=[2], zeroPoint=[100]> = quantize(y_signed) {dtype=u8, scale=[2], zeroPoint=[100], axis=-1, rounding=away}
        output y`,
    },
    {
      name: "several values that are joined",
      before: `
        input x: u8[1]<scale=[1], zeroPoint=[128]>
        a: u8[1]<scale=[1], zeroPoint=[128]> = abs(x)
        b: u8[3]<scale=[1], zeroPoint=[128]> = concat(a, a, a) {axis=0}
        y: f32[3] = dequantize(b)
        output y`,
      after: `
        input x: u8[1]<scale=[1], zeroPoint=[128]>
        x_signed: i8[1]<scale=[1], zeroPoint=[0]> = quantize(x) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=away}
        a: i8[1]<scale=[1], zeroPoint=[0]> = abs(x_signed)
        b: i8[3]<scale=[1], zeroPoint=[0]> = concat(a, a, a) {axis=0}
        y: f32[3] = dequantize(b)
        output y`,
    },
    {
      name: "a layer of weights that are not around zero",
      before: `
        input x: u8[1,1]<scale=[1], zeroPoint=[128]>
        constant w: u8[1,1]<scale=[1], zeroPoint=[3]> = [200]
        y: u8[1,1]<scale=[2], zeroPoint=[100]> = linear(x, w) {activation=none}
        output y`,
      noted: "its weights are bytes that are not around zero",
    },
  ],
};

function isUnsigned({ type: { dtype, quantization } }: Value): boolean {
  return dtype === "u8" && quantization !== undefined && quantization.axis === undefined;
}

/** Why a node can't read signed bytes. */
function obstacle({ op, inputs }: Node): string | undefined {
  if (!inputs.some((value) => value && isUnsigned(value)) || op === dequantize) return undefined;
  const rule = op.quantization;
  if (rule.kind === "float") return "it reads bytes as they are stored";
  const weights = rule.kind === "free" ? rule.weights?.weights : undefined;
  const slot = weights === undefined ? -1 : op.inputs.findIndex(({ name }) => name === weights);
  const stored = inputs[slot];
  return stored && isUnsigned(stored) ? "its weights are bytes that are not around zero" : undefined;
}

function signed({ scale, zeroPoint }: Quantization): Quantization {
  return { scale, zeroPoint: zeroPoint.map((zero) => zero - 128) };
}

function signedType({ shape, quantization }: ValueType): ValueType & { readonly quantization: Quantization } {
  return { dtype: "i8", shape, quantization: signed(quantization!) };
}

function signInput(graph: Graph, input: Value): void {
  const readers = [...input.uses].filter(
    ({ user }) => user.op !== dequantize && user.op !== quantize && user !== graph.results,
  );
  if (readers.length === 0) return;
  const type = signedType(input.type);
  const first = graph.nodes().next().value as Node;
  const [bytes] = graph.addNode({
    op: quantize,
    inputs: [input],
    attributes: quantizing({ dtype: "i8", quantization: type.quantization }),
    name: `${input.name}_signed`,
    outputTypes: [type],
    before: first,
  }).outputs;
  for (const { user, index } of readers) graph.setInput(user, index, bytes);
}

function signNode(graph: Graph, node: Node): void {
  for (const [index, value] of node.inputs.entries()) {
    if (value?.constant && isUnsigned(value)) graph.setInput(node, index, signedConstant(graph, value));
  }
  for (const output of node.outputs) if (isUnsigned(output)) signOutput(graph, node, output);
}

function signedConstant(graph: Graph, { name, type, constant }: Value): Value {
  const moved = Float64Array.from(numbersOf(constant!), (number) => number - 128);
  return graph.addConstant(name, fromNumbers("i8", constant!.shape, moved), signed(type.quantization!));
}

/** What the graph gives stays unsigned. */
function signOutput(graph: Graph, node: Node, output: Value): void {
  const { type, name } = output;
  if (node.op === quantize && [...output.uses].every(({ user }) => user === graph.results)) return;
  const steps = { dtype: "i8", quantization: signed(type.quantization!) } as const;
  if (node.op === quantize)
    graph.setAttributes(node, { ...node.attributes, dtype: "i8", zeroPoint: steps.quantization.zeroPoint });
  graph.setType(output, signedType(type));
  if (!isOutput(graph, output)) return;
  graph.rename(output, `${name}_signed`);
  const [bytes] = graph.addNode({
    op: quantize,
    inputs: [output],
    attributes: quantizing({ dtype: "u8", quantization: type.quantization! }),
    name,
    origin: node.origin,
    outputTypes: [type],
    before: graph.after(node) ?? graph.results,
  }).outputs;
  for (const { user, index } of [...output.uses]) if (user === graph.results) graph.setInput(user, index, bytes);
}
