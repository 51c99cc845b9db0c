import { type Diagnostic, DiagnosticError, type Graph, type Node, type Quantization, type Value } from "@millrace/ir";
import { type BoundaryType, boundaryTypes } from "../boundary-type.ts";
import type { IntegerType, SchemeName } from "../scheme.ts";
import { graphTwins } from "../twins/graph-twins.ts";
import { likenessProblems } from "./likeness-problems.ts";
import { hasOneScale, schemeOf } from "./node-scheme.ts";
import { twinParameters } from "./twin-parameters.ts";

/** What a float graph takes from an integer graph of the same architecture: all but the weights and biases. */
export interface Likeness {
  /** How values of the float graph stand for reals in each integer type. */
  readonly parameters: Readonly<Record<IntegerType, ReadonlyMap<Value, Quantization>>>;
  /** The scheme of most nodes, which those without twins have too. */
  readonly scheme: SchemeName;
  readonly schemes: ReadonlyMap<Node, SchemeName>;
  /** Layers with one scale for all weights. */
  readonly perTensor: ReadonlySet<Node>;
  /** Types of the inputs, and of the outputs in their order. */
  readonly inputs: ReadonlyMap<Value, BoundaryType>;
  readonly outputs: readonly (BoundaryType | undefined)[];
  /** Warnings of layers with weights that have no twins. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What a float graph takes from an integer graph, by matching their nodes. Throws a DiagnosticError if that has no integers or other inputs or
 * outputs, or if most layers have no twins in it.
 */
export function likenessOf(float: Graph, integers: Graph): Likeness {
  const twins = graphTwins(float, integers);
  const diagnostics = likenessProblems(float, integers, twins);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new DiagnosticError(errors);
  const pairs = [...twins.nodes];
  const schemes = pairs.flatMap(([node, twin]) => {
    const scheme = schemeOf(twin);
    return scheme ? [[node, scheme] as const] : [];
  });
  return {
    parameters: twinParameters(integers, twins),
    scheme: mostFrequent(schemes.map(([, scheme]) => scheme)) ?? "int8",
    schemes: new Map(schemes),
    perTensor: new Set(pairs.flatMap(([node, twin]) => (hasOneScale(twin) ? [node] : []))),
    inputs: new Map([...twins.inputs].flatMap(([input, twin]) => boundaryOf(input, twin))),
    outputs: integers.outputs.map(({ type }) => boundaryTypes[type.dtype]),
    diagnostics,
  };
}

function boundaryOf(input: Value, twin: Value): readonly (readonly [Value, BoundaryType])[] {
  const type = boundaryTypes[twin.type.dtype];
  return type ? [[input, type]] : [];
}

function mostFrequent<T>(items: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
