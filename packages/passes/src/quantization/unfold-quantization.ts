import type { Graph, Node, Operator, Value, ValueType } from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import type { Pass } from "../pass.ts";

/**
 * Spells integer nodes as real ones between dequantize and quantize nodes, the inverse of folding them. Operators without an
 * integer form that read integers as they are stored, such as a cast or a program of an accelerator, stay.
 */
export const unfoldQuantization: Pass = {
  name: "unfold-quantization",
  run: (graph) => unfoldAll(graph, () => true),
  examples: [
    {
      name: "a layer with a bias",
      before: `
        input x: i8[1,2]<scale=[0.5], zeroPoint=[1]>
        constant w: i8[1,2]<scale=[0.25], zeroPoint=[0]> = [3, -1]
        constant bias: i32[1]<scale=[0.125], zeroPoint=[0]> = [8]
        y: i8[1,1]<scale=[2], zeroPoint=[-128]> = linear(x, w, bias) {activation=relu} from [fc]
        output y`,
      after: `
        input x: i8[1,2]<scale=[0.5], zeroPoint=[1]>
        x_real: f32[1,2] = dequantize(x) from [fc]
        constant w: i8[1,2]<scale=[0.25], zeroPoint=[0]> = [3, -1]
        w_real: f32[1,2] = dequantize(w) from [fc]
        constant bias: i32[1]<scale=[0.125], zeroPoint=[0]> = [8]
        bias_real: f32[1] = dequantize(bias) from [fc]
        y_real: f32[1,1] = linear(x_real, w_real, bias_real) {activation=relu} named y from [fc]
        y: i8[1,1]<scale=[2], zeroPoint=[-128]> = quantize(y_real) {dtype=i8, scale=[2], zeroPoint=[-128], axis=-1, rounding=even} from [fc]
        output y`,
    },
    {
      name: "a real layer",
      before: `
        input x: f32[1,2]
        constant w: f32[1,2] = [3, -1]
        y: f32[1,1] = linear(x, w) {activation=none}
        output y`,
    },
  ],
};

/** The same, but nodes of operators that only move what a value holds move integers, if all have the same parameters. */
export function unfoldQuantizationBut(moving: readonly Operator[]): Pass {
  const staysInIntegers = ({ op, inputs: [x], outputs: [y] }: Node) =>
    moving.includes(op) && x !== undefined && x.type.dtype === y.type.dtype && areParametersOfWhole(x.type, y.type);
  return { name: unfoldQuantization.name, run: (graph) => unfoldAll(graph, (node) => !staysInIntegers(node)) };
}

/** Whether both have the same one scale and zero point. */
function areParametersOfWhole({ quantization: a }: ValueType, { quantization: b }: ValueType): boolean {
  return a?.scale.length === 1 && String([a.scale, a.zeroPoint]) === String([b?.scale, b?.zeroPoint]);
}

function unfoldAll(graph: Graph, isUnfolded: (node: Node) => boolean): number {
  const reals = new Map<Value, Value>();
  let changes = 0;
  for (const node of graph.nodes()) {
    if (!standsForReals(node) || !isUnfolded(node)) continue;
    unfold(graph, node, reals);
    changes++;
  }
  return changes;
}

/** Whether a node computes with integers in the place of reals. */
function standsForReals({ op, inputs, outputs }: Node): boolean {
  if (op === dequantize || op.quantization.kind === "stored") return false;
  const [reads, makes] = [inputs, outputs].map((values) => values.some((value) => value?.type.quantization));
  if (op === quantize) return reads;
  return op.quantization.kind === "float" ? makes : reads || makes;
}

function unfold(graph: Graph, node: Node, reals: Map<Value, Value>): void {
  for (const [index, value] of node.inputs.entries())
    if (value?.type.quantization) graph.setInput(node, index, realOf(graph, value, node, reals));
  if (node.op === quantize) return;
  const stored = node.outputs.map(({ type }) => type);
  for (const [index, output] of node.outputs.entries()) {
    if (stored[index].quantization) storeResult(graph, node, output, stored[index]);
  }
}

function realOf(graph: Graph, value: Value, before: Node, reals: Map<Value, Value>): Value {
  const known = reals.get(value);
  if (known) return known;
  const { origin } = before;
  const name = `${value.name}_real`;
  const [real] = graph.addNode({ op: dequantize, inputs: [value], attributes: {}, name, origin, before }).outputs;
  reals.set(value, real);
  return real;
}

function storeResult(graph: Graph, node: Node, output: Value, { dtype, shape, quantization }: ValueType): void {
  const { scale, zeroPoint, axis = -1 } = quantization!;
  const { name } = output;
  graph.rename(output, `${name}_real`);
  graph.setType(output, { dtype: "f32", shape });
  const created = graph.addNode({
    op: quantize,
    inputs: [],
    attributes: { dtype, scale, zeroPoint, axis, rounding: "even" },
    name,
    origin: node.origin,
    outputTypes: [{ dtype, shape, quantization: quantization! }],
    before: graph.after(node) ?? graph.results,
  });
  graph.replaceUses(output, created.outputs[0]);
  graph.setInput(created, 0, output);
}
