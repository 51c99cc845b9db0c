import type { Graph, Quantization, Value, ValueType } from "@millrace/ir";
import { asSigned } from "../parameters.ts";
import type { IntegerType } from "../scheme.ts";
import type { GraphTwins } from "../twins/graph-twins.ts";
import { originsOf } from "../twins/origins.ts";

type Forms = Readonly<Record<IntegerType, Map<Value, Quantization>>>;

/** How the twins of a float graph's values stand for reals in each integer type: as they come first, where they are converted later. */
export function twinParameters(integers: Graph, { nodes, inputs }: GraphTwins): Forms {
  const origins = originsOf(integers);
  const known = knownForms(integers, origins);
  const result: Forms = { i8: new Map(), i16: new Map() };
  const take = (value: Value, twin: Value) => {
    const origin = origins.get(twin) ?? twin;
    for (const dtype of ["i8", "i16"] as const) {
      const form = known[dtype].get(origin);
      if (form && value.type.dtype === "f32") result[dtype].set(value, form);
    }
  };
  for (const [input, twin] of inputs) take(input, twin);
  for (const [node, twin] of nodes)
    for (const [at, output] of node.outputs.entries()) if (twin.outputs[at]) take(output, twin.outputs[at]);
  return result;
}

/** The first form in each integer type of the values of a graph, by their origins. */
function knownForms(graph: Graph, origins: ReadonlyMap<Value, Value>): Forms {
  const known: Forms = { i8: new Map(), i16: new Map() };
  for (const value of [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)]) {
    const form = formOf(value.type);
    const origin = origins.get(value) ?? value;
    if (form && !known[form.dtype].has(origin)) known[form.dtype].set(origin, form.quantization);
  }
  return known;
}

/** The type in which the quantizer computes what a type holds, and how it stands for reals there. */
function formOf({ dtype, quantization }: ValueType) {
  if (quantization === undefined || quantization.axis !== undefined) return undefined;
  if (dtype === "i8" || dtype === "i16") return { dtype, quantization };
  if (dtype !== "u8") return undefined;
  return { dtype: "i8", quantization: asSigned(quantization) } as const;
}
