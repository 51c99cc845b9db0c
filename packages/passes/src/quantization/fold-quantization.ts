import { type Graph, type Node, numbersOf, type Value, type ValueType } from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import { inheritName, removeNodes } from "../edit.ts";
import type { Pass, PassContext } from "../pass.ts";
import { isOutput, isRefusal, type Refusal, refuse } from "../rewrite.ts";
import { foldExamples } from "./fold-examples.ts";
import { fixedSteps, integersBehind, quantizing, type Steps, sameSteps, stepsAfter, stepsOf } from "./steps.ts";
import { quantizeConstant } from "./stored-constants.ts";
import { type StoredLayer, storedLayer } from "./stored-layer.ts";

/** How a node computes on integers. */
interface IntegerForm {
  readonly data: Steps;
  /** Steps that data inputs are brought to; their own without it. */
  readonly shared: Steps | undefined;
  readonly layer: StoredLayer | undefined;
  /** Steps of each real result, and those that its readers want it in; they are the same but for operators that can't choose. */
  readonly results: readonly (ResultSteps | undefined)[];
}

interface ResultSteps {
  readonly steps: Steps;
  /** Absent where readers go on with reals. */
  readonly wanted?: Steps;
}

/**
 * Puts one node on integers in the place of every operator between dequantize and quantize nodes, and moves a dequantize past
 * operators that only rearrange. Quantizations of integers that change nothing vanish, others become a change of parameters.
 * Where an operator can't choose its result's parameters and only dequantize nodes read it, its own are taken.
 */
export const foldQuantization: Pass = {
  name: "fold-quantization",
  examples: foldExamples,
  run(graph, context) {
    let changes = 0;
    for (const node of graph.nodes()) if (foldNode(graph, node, context)) changes++;
    return changes;
  },
};

function foldNode(graph: Graph, node: Node, context: PassContext): boolean {
  if (node.op === quantize) return mergeQuantization(graph, node);
  if (node.op === dequantize || !node.inputs.some(integersBehind)) return false;
  const form = integerForm(graph, node);
  if (isRefusal(form)) {
    context.note({ pass: "fold-quantization", node: node.name, message: form.refused });
    return false;
  }
  replaceByIntegers(graph, node, form);
  return true;
}

/** Integers that are dequantized and quantized again stay as they are, or change their parameters. */
function mergeQuantization(graph: Graph, node: Node): boolean {
  const source = integersBehind(node.inputs[0]);
  const wanted = stepsOf(node.outputs[0].type);
  if (source === undefined || wanted === undefined) return false;
  const real = node.inputs[0]!.producer!;
  if (!sameSteps(stepsOf(source.type)!, wanted)) {
    graph.setInput(node, 0, source);
    graph.setAttributes(node, quantizing(wanted));
  } else {
    const taken = isOutput(graph, node.outputs[0]);
    if (taken && (source.producer === undefined || isOutput(graph, source))) return false;
    const { name } = node.outputs[0];
    graph.replaceUses(node.outputs[0], source);
    removeNodes(graph, [node]);
    if (taken) graph.rename(source, name);
  }
  removeNodes(graph, [real]);
  return true;
}

function integerForm(graph: Graph, node: Node): IntegerForm | Refusal {
  const rule = node.op.quantization;
  if (rule.kind === "float") return refuse(`it stays real: ${rule.why}`);
  const weights = rule.kind === "free" ? rule.weights : undefined;
  const inputs = dataInputs(node);
  const sources = inputs.map((value) => integersBehind(value) ?? (value.constant ? undefined : null));
  if (sources.includes(null)) return refuse("not all of its data are quantized");
  const steps = sources.flatMap((source) => (source ? [stepsOf(source.type)!] : []));
  const [data] = steps;
  if (data === undefined || steps.some(({ dtype }) => dtype !== data.dtype))
    return refuse("its data are of different integer types");
  const layer = weights && storedLayer(node, weights, data);
  if (layer && isRefusal(layer)) return layer;
  const alike = sources.every((source) => source && sameSteps(stepsOf(source.type)!, data));
  const common = rule.kind === "same" ? sharedSteps(node, data, alike) : undefined;
  if (common && isRefusal(common)) return common;
  const results = node.outputs.map((output) => resultSteps(graph, node, output, data, common));
  const refusal = results.find((result) => result && isRefusal(result));
  if (refusal) return refusal as Refusal;
  return { data, shared: common, layer, results: results as readonly (ResultSteps | undefined)[] };
}

/** The parameters that an operator's data and result share: those of the data, or those that its result is wanted in. */
function sharedSteps(node: Node, data: Steps, alike: boolean): Steps | Refusal {
  if (alike) return data;
  return stepsAfter(node.outputs[0]) ?? refuse("its data have different parameters, and its result has none");
}

/** Real inputs other than weights and biases. */
function dataInputs(node: Node): readonly Value[] {
  const rule = node.op.quantization;
  const weights = rule.kind === "free" ? rule.weights : undefined;
  return node.inputs.flatMap((value, index) => {
    const { name } = node.op.inputs[Math.min(index, node.op.inputs.length - 1)];
    const constant = weights && (name === weights.weights || name === weights.bias);
    return value?.type.dtype === "f32" && !constant ? [value] : [];
  });
}

function resultSteps(
  graph: Graph,
  node: Node,
  output: Value,
  data: Steps,
  shared: Steps | undefined,
): ResultSteps | Refusal | undefined {
  if (output.type.dtype !== "f32") return undefined;
  const rule = node.op.quantization;
  const exact = rule.kind === "same" && !rule.rounds;
  if (exact) return { steps: shared! };
  const wanted = stepsAfter(output);
  const outputs = [...output.uses].filter(({ user }) => user.outputs.some((result) => isOutput(graph, result)));
  if (wanted === undefined || outputs.length > 1)
    return refuse("its result is not quantized, or in several ways, or is several outputs");
  if (wanted.dtype !== data.dtype) return refuse("its data and its result are of different integer types");
  return { steps: shared ?? fixedSteps(node, data.dtype) ?? wanted, wanted };
}

function replaceByIntegers(graph: Graph, node: Node, form: IntegerForm): void {
  const data = new Set(dataInputs(node));
  const types = node.outputs.map(({ type }, index): ValueType => {
    const result = form.results[index];
    return result ? { dtype: result.steps.dtype, shape: type.shape, quantization: result.steps.quantization } : type;
  });
  const created = graph.addNode({
    op: node.op,
    inputs: node.inputs.map((value, index) =>
      value && data.has(value) ? stored(graph, node, value, form) : constantInput(graph, node, index, form),
    ),
    attributes: node.attributes,
    name: node.name,
    origin: node.origin,
    outputTypes: types,
    before: node,
  });
  for (const [index, output] of node.outputs.entries()) {
    const result = form.results[index];
    if (result === undefined) graph.replaceUses(output, created.outputs[index]);
    else if (result.wanted === undefined) readReals(graph, node, created.outputs[index], output);
    else readIntegers(graph, node, created.outputs[index], output, result);
  }
  const sources = node.inputs.flatMap((value) => value?.producer ?? []);
  removeNodes(graph, [node, ...sources]);
  for (const [index, output] of node.outputs.entries())
    if (!isOutput(graph, created.outputs[index])) inheritName(graph, created.outputs[index], output);
}

/** A data input as integers, in the shared steps if there are such. */
function stored(graph: Graph, node: Node, value: Value, { data, shared }: IntegerForm): Value {
  const source = integersBehind(value);
  if (source === undefined) {
    const steps = shared ?? symmetricSteps(value, data);
    return graph.addConstant(value.name, quantizeConstant(value.constant!, steps), steps.quantization);
  }
  if (shared === undefined || sameSteps(stepsOf(source.type)!, shared)) return source;
  return changed(graph, node, source, shared, source.name);
}

/** Integers in other steps. */
function changed(graph: Graph, node: Node, source: Value, steps: Steps, name: string): Value {
  const { dtype, quantization } = steps;
  return graph.addNode({
    op: quantize,
    inputs: [source],
    attributes: quantizing(steps),
    name: `${name}_requantized`,
    origin: node.origin,
    outputTypes: [{ dtype, shape: source.type.shape, quantization }],
    before: node,
  }).outputs[0];
}

/** Steps around zero that hold a constant; a single number is one step. */
function symmetricSteps({ constant }: Value, { dtype }: Steps): Steps {
  const peak = Array.from(numbersOf(constant!)).reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  const most = constant!.data.length === 1 ? 1 : dtype === "i16" ? 32767 : 127;
  const scale = Math.fround(peak / most);
  const usable = scale > 0 && Number.isFinite(scale);
  return { dtype, quantization: { scale: [usable ? scale : 1], zeroPoint: [dtype === "u8" ? 128 : 0] } };
}

function constantInput(graph: Graph, node: Node, index: number, { layer }: IntegerForm): Value | undefined {
  const value = node.inputs[index];
  const rule = node.op.quantization;
  if (layer === undefined || rule.kind !== "free") return value;
  const { name } = node.op.inputs[index];
  const made = name === rule.weights!.weights ? layer.weights : name === rule.weights!.bias ? layer.bias : undefined;
  return made ? graph.addConstant(value!.name, made.tensor, made.quantization) : value;
}

/** Readers go on with the reals that the new integers stand for. */
function readReals(graph: Graph, node: Node, integers: Value, output: Value): void {
  const [real] = graph.addNode({
    op: dequantize,
    inputs: [integers],
    attributes: {},
    name: `${output.name}_real`,
    origin: node.origin,
    before: graph.after(node),
  }).outputs;
  graph.replaceUses(output, real);
}

/** Readers of the quantized result read the new integers; in the steps they were made for, unless all make reals of them. */
function readIntegers(graph: Graph, node: Node, integers: Value, output: Value, { steps, wanted }: ResultSteps): void {
  const quantizers = [...output.uses].map(({ user }) => user);
  const bound = quantizers.some(({ outputs: [result] }) => [...result.uses].some(({ user }) => user.op !== dequantize));
  const final = bound && !sameSteps(steps, wanted!) ? changed(graph, node, integers, wanted!, output.name) : integers;
  const name = quantizers.map(({ outputs }) => outputs[0]).find((result) => isOutput(graph, result))?.name;
  for (const quantizer of quantizers) graph.replaceUses(quantizer.outputs[0], final);
  removeNodes(graph, quantizers);
  if (name !== undefined) graph.rename(final, name);
}
