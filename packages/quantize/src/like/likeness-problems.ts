import {
  type Diagnostic,
  type Graph,
  givenInputs,
  type Node,
  resultOutputs,
  sameShape,
  type Value,
} from "@millrace/ir";
import { hasWeights } from "../scheme.ts";
import type { GraphTwins } from "../twins/graph-twins.ts";

/** Names that a diagnostic lists. */
const mostNames = 5;

/** What stands against quantizing a float graph like an integer graph: errors, or warnings of layers that have no twins. */
export function likenessProblems(float: Graph, integers: Graph, twins: GraphTwins): readonly Diagnostic[] {
  if (hasIntegers(float)) return [notFloat(float)];
  if (!hasIntegers(integers)) return [noIntegers(integers)];
  const boundary = boundaryProblems(float, integers, twins);
  const [ours, theirs] = [float, integers].map((graph) => [...graph.nodes()].filter(hasWeights));
  const matched = new Set(ours.flatMap((node) => twins.nodes.get(node) ?? []));
  const alone = ours.filter((node) => !twins.nodes.has(node));
  const left = theirs.filter((node) => !matched.has(node));
  if (!twins.areAlike) return [...boundary, otherArchitecture(integers, { ours, theirs, alone })];
  return [...boundary, ...(alone.length + left.length > 0 ? [withoutTwins(integers, alone, left)] : [])];
}

function hasIntegers(graph: Graph): boolean {
  const results = [...graph.nodes()].flatMap(({ outputs }) => outputs);
  return [...graph.inputs, ...results].some(({ type }) => type.quantization);
}

function notFloat({ name }: Graph): Diagnostic {
  return {
    code: "like.not-float",
    severity: "error",
    message: `${name} is quantized already`,
    hint: "give its float twin, whose weights are quantized anew",
  };
}

function noIntegers({ name }: Graph): Diagnostic {
  return {
    code: "like.no-integers",
    severity: "error",
    message: `${name} has no integer activations whose parameters could be taken`,
    hint: "give a quantized model with --like, and the float one first",
  };
}

/** Inputs and outputs that are not those of the other graph: their number, or a shape. */
function boundaryProblems(float: Graph, integers: Graph, twins: GraphTwins): readonly Diagnostic[] {
  const inputs = givenInputs(float).map((input) => [input, twins.inputs.get(input)] as const);
  const [ours, theirs] = [float, integers].map((graph) => resultOutputs(graph).map(({ value }) => value));
  return [
    ...differences("input", inputs, givenInputs(integers).length, integers),
    ...differences(
      "output",
      ours.map((output, at) => [output, theirs[at]]),
      theirs.length,
      integers,
    ),
  ];
}

type Pair = readonly [Value, Value | undefined];

function differences(kind: string, pairs: readonly Pair[], count: number, { name }: Graph): readonly Diagnostic[] {
  if (pairs.length !== count)
    return [otherBoundary(`the float model has ${pairs.length} ${kind}s, and ${name} has ${count}`)];
  return pairs.flatMap(([ours, theirs]) => {
    if (theirs && sameShape(ours.type.shape, theirs.type.shape)) return [];
    const other = theirs ? `in ${name} it is [${theirs.type.shape}]` : `${name} has none of that name`;
    return [otherBoundary(`${kind} ${ours.name} of the float model is [${ours.type.shape}], and ${other}`, ours)];
  });
}

function otherBoundary(message: string, value?: Value): Diagnostic {
  return {
    code: "like.other-interface",
    severity: "error",
    message,
    ...(value && { at: { value: value.name } }),
    hint: "give the float twin of that model; --io-layout and --shape change the float model's inputs",
  };
}

interface Layers {
  readonly ours: readonly Node[];
  readonly theirs: readonly Node[];
  readonly alone: readonly Node[];
}

function otherArchitecture({ name }: Graph, { ours, theirs, alone }: Layers): Diagnostic {
  const found = ours.length - alone.length;
  const first = alone.length > 0 ? `; the first without is ${described(alone[0])}` : "";
  return {
    code: "like.other-architecture",
    severity: "error",
    message: `the float model has another architecture than ${name}: ${found} of its ${ours.length} layers with weights have twins among the ${theirs.length} there${first}`,
    ...(alone.length > 0 && { at: { node: alone[0].name } }),
    hint: "give the quantized form of the same network, or quantize with --data and without --like",
  };
}

function withoutTwins({ name }: Graph, alone: readonly Node[], left: readonly Node[]): Diagnostic {
  const ours = alone.length > 0 ? `layers of the float model without twins in ${name}: ${listed(alone)}` : "";
  const theirs = left.length > 0 ? `layers of ${name} without twins in the float model: ${listed(left)}` : "";
  return {
    code: "like.layers-without-twins",
    severity: "warning",
    message: [ours, theirs].filter((text) => text !== "").join("; "),
    hint: "see that both models are the same network",
  };
}

function described({ name, op, outputs: [{ type }] }: Node): string {
  return `${op.name} ${name}, which gives [${type.shape}]`;
}

function listed(nodes: readonly Node[]): string {
  const names = nodes.slice(0, mostNames).map(({ name }) => name);
  return names.join(", ") + (nodes.length > mostNames ? ` and ${nodes.length - mostNames} more` : "");
}
