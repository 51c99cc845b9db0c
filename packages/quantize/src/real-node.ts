import type { Diagnostic, Node, Operator, Value } from "@millrace/ir";
import { type DynamicOptions, dynamicLayer } from "./dynamic-layer.ts";
import type { Scheme } from "./scheme.ts";
import type { ValueForms } from "./value-forms.ts";

/** A node that computes in float32, and why it does if nobody asked for it. */
export interface RealNode {
  readonly op: Operator;
  /** Its inputs, with constants as the scheme stores them. */
  readonly inputs: readonly (Value | undefined)[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The form of a node that computes in float32, which gets its inputs from `forms`. */
export function realNode(node: Node, scheme: Scheme, forms: ValueForms, options: DynamicOptions): RealNode {
  const layer = dynamicLayer(node, scheme, options);
  const inputs = node.inputs.map((value, index) => {
    if (value === undefined) return undefined;
    if (layer?.weights?.slot === index) return forms.stored(value, layer.weights.constant);
    const halves = scheme.weights === "f16" && value.constant && value.type.dtype === "f32";
    return halves ? forms.halved(value) : forms.as(value, "f32");
  });
  const reals = [...node.inputs, ...node.outputs].some((value) => value?.type.dtype === "f32");
  const unasked = reals && scheme.activations !== "f32";
  return { op: layer?.op ?? node.op, inputs, diagnostics: unasked ? [staysReal(node)] : (layer?.diagnostics ?? []) };
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
