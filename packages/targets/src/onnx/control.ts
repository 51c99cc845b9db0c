import type { Graph, Value } from "@millrace/ir";
import { ifOperator, scan, whileOperator } from "@millrace/ops";
import { type OnnxEmitter, type OnnxLowering, valueInfo } from "./emitter.ts";

/** ONNX's branches have no inputs: they read names of the graph around them. */
export const lowerIf: OnnxLowering = (node, emit, outputs) => {
  const { condition, values } = ifOperator.inputsOf(node);
  const { whenTrue, whenFalse } = ifOperator.attributesOf(node);
  const operands = values.map((value) => emit.read(value));
  const branch = (body: Graph) => ({
    graph: emit.within(body.name, [], (inner) => writeBody(inner, body, operands)),
  });
  const inputs = [scalarOf(emit, condition, emit.read(condition))];
  emit.node("If", inputs, { then_branch: branch(whenTrue), else_branch: branch(whenFalse) }, outputs);
};

/** ONNX's loops ask at the end of a round whether there is another, so the condition is written before the loop too. */
export const lowerWhile: OnnxLowering = (node, emit, outputs) => {
  const { values } = whileOperator.inputsOf(node);
  const { condition, body } = whileOperator.attributesOf(node);
  const operands = values.map((value) => emit.read(value));
  const first = asked(emit, condition, operands);
  const round = emit.name("round");
  const before = emit.name("goes_on");
  const names = body.inputs.map(({ name }) => emit.name(name));
  const inputs = [
    valueInfo(round, { dtype: "i64", shape: [] }),
    valueInfo(before, truth),
    ...body.inputs.map(({ type }, index) => valueInfo(names[index], type)),
  ];
  const graph = emit.within(body.name, inputs, (inner) => {
    const results = writeBody(inner, body, names);
    const again = asked(
      inner,
      condition,
      results.map(({ name }) => name),
    );
    return [valueInfo(again, truth), ...results];
  });
  emit.node("Loop", ["", first, ...operands], { body: { graph } }, outputs);
};

/** ONNX's scans read what stays the same in all steps by name from the graph around them. */
export const lowerScan: OnnxLowering = (node, emit, outputs) => {
  const { body, states, sequences, axis, reverse } = scan.attributesOf(node);
  const operands = node.inputs.map((value) => emit.read(value));
  const going = states + sequences;
  const names = body.inputs.map(({ name }, index) => (index < going ? emit.name(name) : operands[index]));
  const inputs = body.inputs.slice(0, going).map(({ type }, index) => valueInfo(names[index], type));
  const graph = emit.within(body.name, inputs, (inner) => writeBody(inner, body, names));
  const items = body.outputs.length - states;
  const each = (count: number, value: number) => new Array<number>(count).fill(value);
  const attributes = {
    body: { graph },
    num_scan_inputs: sequences,
    scan_input_axes: each(sequences, axis),
    scan_input_directions: each(sequences, Number(reverse)),
    ...(items > 0 && { scan_output_axes: each(items, axis), scan_output_directions: each(items, Number(reverse)) }),
  };
  emit.node("Scan", operands.slice(0, going), attributes, outputs);
};

const truth = { dtype: "bool", shape: [] } as const;

/** A body's nodes on values of the given names; gives its outputs, which go by new names. */
function writeBody(emit: OnnxEmitter, body: Graph, inputs: readonly string[]) {
  for (const [index, input] of body.inputs.entries()) emit.bind(input, inputs[index]);
  const names = body.outputs.map(({ name }) => emit.name(name));
  emit.graph(body, names);
  return body.outputs.map(({ type }, index) => valueInfo(names[index], type));
}

/** The name of what a condition says of values. */
function asked(emit: OnnxEmitter, condition: Graph, inputs: readonly string[]): string {
  const [{ name }] = writeBody(emit, condition, inputs);
  return scalarOf(emit, condition.outputs[0], name);
}

/** A truth value without axes. */
function scalarOf(emit: OnnxEmitter, { type }: Value, name: string): string {
  return type.shape.length === 0 ? name : emit.node("Reshape", [name, emit.integers("shape", [])]);
}
