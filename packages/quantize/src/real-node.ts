import { type Diagnostic, elementCount, type Graph, type Node, type Value } from "@millrace/ir";
import { quantizeWeights } from "@millrace/passes";
import { realWeights, type Scheme } from "./scheme.ts";
import { slotOf } from "./slot.ts";
import type { ValueForms } from "./value-forms.ts";

/** Where a node that computes in float32 gets its inputs from. */
export interface RealContext {
  readonly graph: Graph;
  readonly forms: ValueForms;
  readonly perTensor: boolean;
}

/** Layers with fewer weights stay real: quantizing their data while the model runs would cost more than it saves. */
const fewestDynamicWeights = 1024;

/** The inputs of a node that computes in float32, with its constants as the scheme stores them, and why it does if nobody asked for it. */
export function realNode(
  node: Node,
  scheme: Scheme,
  context: RealContext,
): { readonly inputs: readonly (Value | undefined)[]; readonly diagnostics: readonly Diagnostic[] } {
  const { forms } = context;
  const weights = scheme.activations === "f32" && scheme.weights === "i8" ? dynamicWeights(node, context) : undefined;
  const inputs = node.inputs.map((value, index) => {
    if (value === undefined) return undefined;
    if (weights?.slot === index) return weights.made;
    const halves = scheme.weights === "f16" && value.constant && value.type.dtype === "f32";
    return halves ? forms.halved(value) : forms.as(value, "f32");
  });
  const reals = [...node.inputs, ...node.outputs].some((value) => value?.type.dtype === "f32");
  const unasked = reals && scheme.activations !== "f32";
  return { inputs, diagnostics: unasked ? [staysReal(node)] : [] };
}

/** Int8 weights of a layer that can quantize its data while the model runs. */
function dynamicWeights(node: Node, { graph, perTensor }: RealContext) {
  const rule = node.op.quantization;
  const weights = realWeights(node);
  if (rule.kind !== "free" || rule.weights === undefined || weights === undefined) return undefined;
  if (elementCount(weights.constant!.shape) < fewestDynamicWeights) return undefined;
  const axis = rule.weights.axis(node.attributes, weights.constant!.shape.length);
  const stored = quantizeWeights(weights.constant!, axis, { dtype: "i8", perTensor, leastScale: () => 0 });
  const made = graph.addConstant(weights.name, stored.tensor, stored.quantization);
  return { slot: slotOf(node, rule.weights.weights), made };
}

function staysReal(node: Node): Diagnostic {
  const rule = node.op.quantization;
  const why = rule.kind === "float" ? rule.why : "its weights are not constant, or integers already";
  return {
    code: "quantize.stays-float",
    severity: "warning",
    message: `${node.name} (${node.op.name}) computes in float32: ${why}`,
    at: { node: node.name },
    hint: "replace the operator in the model, or accept the conversions around it",
  };
}
