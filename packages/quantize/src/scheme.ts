import { type Node, namePattern } from "@millrace/ir";
import { slotOf } from "./slot.ts";

/** Types of a layer's data and weights. Real data with integer weights are quantized while the model runs. */
export interface Scheme {
  readonly activations: ActivationType;
  readonly weights: "i8" | "i4" | "f16" | "f32";
}

export type IntegerType = "i8" | "i16";
export type ActivationType = IntegerType | "f32";

/** Every scheme by its name. */
export const schemes = {
  int8: { activations: "i8", weights: "i8" },
  int16x8: { activations: "i16", weights: "i8" },
  int4: { activations: "i8", weights: "i4" },
  float16: { activations: "f32", weights: "f16" },
  dynamic: { activations: "f32", weights: "i8" },
  "dynamic-int4": { activations: "f32", weights: "i4" },
  float32: { activations: "f32", weights: "f32" },
} as const satisfies Readonly<Record<string, Scheme>>;

export type SchemeName = keyof typeof schemes;

/** A scheme for the nodes of these names, in the model or in its source, or of these operators; `*` stands for any characters. */
export interface LayerScheme {
  readonly scheme: SchemeName;
  readonly nodes?: readonly string[];
  readonly operators?: readonly string[];
}

/** Chooses each node's scheme: the last entry of `layers` that names it, else the one that is given for it, else `scheme`. */
export function schemeChooser(
  scheme: SchemeName,
  layers: readonly LayerScheme[],
  given?: ReadonlyMap<Node, SchemeName>,
): (node: Node) => Scheme {
  const rules = layers.map(({ nodes = [], operators = [], scheme: chosen }) => {
    const [names, kinds] = [nodes.map(namePattern), operators.map(namePattern)];
    const holds = ({ op, name, origin }: Node) =>
      kinds.some((fits) => fits(op.name)) || names.some((fits) => fits(name) || origin.some(fits));
    return { scheme: schemes[chosen], holds };
  });
  return (node) => rules.findLast(({ holds }) => holds(node))?.scheme ?? schemes[given?.get(node) ?? scheme];
}

/** The type in which a node computes its reals by a scheme, as far as its operator has such a form. */
export function activationType(node: Node, { activations }: Scheme): ActivationType {
  const rule = node.op.quantization;
  if (activations === "f32" || rule.kind === "float" || rule.kind === "stored" || !touchesReals(node)) return "f32";
  if (rule.kind === "free" && rule.weights && !realWeights(node)) return "f32";
  return activations === "i16" && rule.bytes ? "i8" : activations;
}

function touchesReals(node: Node): boolean {
  return [...node.inputs, ...node.outputs].some((value) => value?.type.dtype === "f32");
}

/** Whether a node is a layer with weights, constant or not. */
export function hasWeights({ op: { quantization } }: Node): boolean {
  return quantization.kind === "free" && quantization.weights !== undefined;
}

/** Constant real weights of a layer that has weights. */
export function realWeights(node: Node) {
  const rule = node.op.quantization;
  const weights = rule.kind === "free" && rule.weights ? node.inputs[slotOf(node, rule.weights.weights)] : undefined;
  return weights?.constant !== undefined && weights.type.dtype === "f32" ? weights : undefined;
}
