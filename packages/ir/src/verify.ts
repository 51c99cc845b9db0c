import { mayMatch } from "./agree.ts";
import { bodiesOf, deepestNesting } from "./bodies.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { bitsOf, type DType, holds, integerRange, isDType, isFloat, isInteger } from "./dtype.ts";
import type { Graph } from "./graph.ts";
import type { Node, Value, ValueType } from "./node.ts";
import { entryCount } from "./quantization.ts";
import { elementCount, printShape, sameShape } from "./shape.ts";

type Report = (code: string, message: string, at: Diagnostic["at"]) => void;

/**
 * Everything that is wrong with a graph: order of nodes, use-def links, names, types against what operators infer,
 * attributes, bodies, quantization, constants, outputs and states. Empty if the graph is sound. Linear in the graph.
 */
export function verify(graph: Graph): Diagnostic[] {
  return verifyWithin(graph, new Set([graph]), 0);
}

/** `seen` are the graphs met so far, none of which can be the body of one more node; `depth` counts those that hold this one. */
function verifyWithin(graph: Graph, seen: Set<Graph>, depth: number): Diagnostic[] {
  const found: Diagnostic[] = [];
  const report: Report = (code, message, at) =>
    found.push({
      code: `graph.${code}`,
      severity: "error",
      message,
      ...(at && { at }),
      hint: "The stage that made or last changed this graph is at fault: report it with the model.",
    });
  const nodes = nodesOf(graph, report);
  const values = valuesInOrder(graph, nodes, report);
  verifyUses([...nodes, graph.results], values, report);
  verifyNames(values, report);
  for (const value of values) verifyValue(value, report);
  for (const node of nodes) verifyNode(node, report);
  if (graph.outputNames.length !== graph.outputs.length) {
    const message = `The graph has ${graph.outputs.length} outputs, but ${graph.outputNames.length} names for them.`;
    report("output-names", message, undefined);
  }
  verifyStates(graph, depth, report);
  for (const node of nodes) found.push(...verifyBodies(node, seen, depth, report));
  return found;
}

function verifyStates({ inputs, outputNames, states }: Graph, depth: number, report: Report): void {
  const named = new Set(inputs.map(({ name }) => name));
  for (const { input, output } of states) {
    if (depth > 0) report("state", `The state ${input} belongs to a body, which keeps nothing.`, { value: input });
    if (named.has(input) && outputNames.includes(output)) continue;
    report("state", `The state ${input} from ${output} links no input and output.`, { value: input });
  }
}

function verifyBodies({ name, attributes }: Node, seen: Set<Graph>, depth: number, report: Report): Diagnostic[] {
  return bodiesOf(attributes).flatMap(([attribute, body]) => {
    const shared = seen.has(body);
    seen.add(body);
    if (shared) report("body", `${attribute} of ${name} is a graph that stands elsewhere too.`, { node: name });
    if (depth === deepestNesting) report("body", `${name} stands within too many other graphs.`, { node: name });
    return shared || depth === deepestNesting ? [] : verifyWithin(body, seen, depth + 1);
  });
}

function nodesOf(graph: Graph, report: Report): Node[] {
  const nodes: Node[] = [];
  for (const node of graph.nodes()) {
    nodes.push(node);
    if (nodes.length > graph.size) break;
  }
  if (nodes.length !== graph.size) {
    report("order", `The graph says it has ${graph.size} nodes, but the list of them is not that long.`, undefined);
  }
  return nodes;
}

/** Every value, in the order in which it comes to be known. Reports those that are read before, or made by no node. */
function valuesInOrder(graph: Graph, nodes: readonly Node[], report: Report): ReadonlySet<Value> {
  const known = new Set<Value>(graph.inputs);
  for (const node of [...nodes, graph.results]) {
    node.inputs.forEach((value, index) => {
      if (value === undefined) {
        if (node === graph.results) report("output", `Output ${index} has no value.`, undefined);
      } else if (!known.has(value)) {
        if (value.constant === undefined || value.producer) {
          report("order", `${node.name} reads ${value.name} before anything has made it.`, atNode(node, value));
        }
        known.add(value);
      }
    });
    for (const value of node.outputs) {
      known.add(value);
      if (value.producer !== node) {
        report("use", `${value.name} is a result of ${node.name}, but names another producer.`, atNode(node, value));
      }
    }
  }
  return known;
}

function verifyUses(nodes: readonly Node[], values: ReadonlySet<Value>, report: Report): void {
  const places = new Map(nodes.map((node, place) => [node, place]));
  const readings = new Map<Value, number>();
  for (const { inputs } of nodes) {
    for (const value of inputs) if (value) readings.set(value, (readings.get(value) ?? 0) + 1);
  }
  for (const value of values) {
    const seen = new Set<string>();
    for (const { user, index } of value.uses) {
      const place = places.get(user);
      if (place !== undefined && user.inputs[index] === value) seen.add(`${place}:${index}`);
      else report("use", `${value.name} lists a use by ${user.name} that is not there.`, atNode(user, value));
    }
    const count = readings.get(value) ?? 0;
    if (seen.size !== count) {
      report("use", `${value.name} is read in ${count} places, but lists ${seen.size}.`, { value: value.name });
    }
  }
}

function verifyNames(values: ReadonlySet<Value>, report: Report): void {
  const names = new Set<string>();
  for (const { name } of values) {
    if (names.has(name)) report("name", `Several values are called ${name}.`, { value: name });
    names.add(name);
  }
}

function verifyValue(value: Value, report: Report): void {
  const { name, type, constant } = value;
  const { dtype, shape, quantization } = type;
  if (!isDType(dtype)) report("type", `${name} has the element type ${dtype}, which does not exist.`, { value: name });
  else if (quantization) {
    for (const fault of quantizationFaults(type)) report("quantization", `${name}: ${fault}.`, { value: name });
  }
  if (!shape.every((size) => (typeof size === "string" ? size !== "" : Number.isSafeInteger(size) && size >= 0))) {
    report("type", `${name} has the shape ${printShape(shape)}, whose sizes are not all counts.`, { value: name });
  }
  if (constant === undefined) return;
  if (constant.dtype !== dtype || !sameShape(constant.shape, shape)) {
    const held = `${constant.dtype}${printShape(constant.shape)}`;
    report("constant", `${name} is ${dtype}${printShape(shape)}, but its data ${held}.`, { value: name });
  } else if (!holds(dtype, constant.data) || constant.data.length !== elementCount(constant.shape)) {
    const data = `${constant.data.constructor.name} of ${constant.data.length}`;
    report("constant", `${name} is ${dtype}${printShape(shape)}, which a ${data} can't hold.`, { value: name });
  }
}

function quantizationFaults({ dtype, shape, quantization }: ValueType): string[] {
  const { scale, zeroPoint, axis, block } = quantization!;
  const inBlocks = block === undefined ? "" : ` in blocks of ${block}`;
  const [low, high] = integerRange(dtype);
  const count = entryCount(shape, quantization!);
  const faults: [boolean, string][] = [
    [isInteger(dtype), `${dtype} is no integer type, so it can't be quantized`],
    [scale.every((step) => isScale(step, axis)), "not every scale is positive and finite"],
    [
      zeroPoint.every((zero) => Number.isInteger(zero) && zero >= low && zero <= high),
      `not every zero point is an integer that ${bitsOf(dtype)} bits of ${dtype} hold`,
    ],
    [scale.length === zeroPoint.length, `there are ${scale.length} scales, but ${zeroPoint.length} zero points`],
    [count !== undefined, `axis ${axis}${inBlocks} of the quantization is none of ${printShape(shape)}`],
    [
      typeof count !== "number" || scale.length === count,
      axis === undefined
        ? `there are ${scale.length} scales, but no axis they belong to`
        : `there are ${scale.length} scales for the ${count} ${block === undefined ? "indices" : "blocks"} of axis ${axis}`,
    ],
  ];
  return faults.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** Channels of weights that are all zero may have the scale 0. */
function isScale(step: number, axis: number | undefined): boolean {
  return (axis === undefined ? step > 0 : step >= 0) && Number.isFinite(step);
}

function verifyNode(node: Node, report: Report): void {
  const { op, name, inputs, outputs, attributes } = node;
  const problems = op.check(inputs, attributes);
  for (const problem of problems) report("node", `${name} (${op.name}): ${problem}.`, { node: name });
  if (problems.length > 0) return;
  const inferred = op.infer(inputs, attributes);
  if (inferred.length !== outputs.length) {
    const message = `${name} (${op.name}) has ${outputs.length} results where there should be ${inferred.length}.`;
    report("type", message, { node: name });
    return;
  }
  outputs.forEach((value, index) => {
    const { dtype, shape } = inferred[index];
    const fits = value.type.dtype === dtype || standsForReals(node, value, dtype);
    if (fits && mayMatch(value.type.shape, shape)) return;
    const is = `${value.type.dtype}${printShape(value.type.shape)}`;
    const message = `${value.name} is ${is}, but ${name} (${op.name}) gives ${dtype}${printShape(shape)}.`;
    report("type", message, atNode(node, value));
  });
}

/** Whether a result may be of any integer type, as it stands for the reals that the operator gives. */
function standsForReals({ op, inputs }: Node, { type }: Value, inferred: DType): boolean {
  const reals = (isDType(inferred) && isFloat(inferred)) || inputs.some((input) => input?.type.quantization);
  return type.quantization !== undefined && op.quantization.kind !== "index" && reals;
}

function atNode(node: Node, value: Value): Diagnostic["at"] {
  return { node: node.name, value: value.name };
}
