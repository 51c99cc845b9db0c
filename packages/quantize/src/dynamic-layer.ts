import { type Diagnostic, elementCount, type Node, type Operator, type Tensor, type WeightsRule } from "@millrace/ir";
import { type BlockSize, fewestBlockedRows, quantizeBlocks, quantizeWeights } from "@millrace/passes";
import type { CollectedProducts } from "./rounding/collect-products.ts";
import { compensateRounding } from "./rounding/compensate-rounding.ts";
import { realWeights, type Scheme } from "./scheme.ts";
import { slotOf } from "./slot.ts";
import type { IntegerConstant } from "./weighted-layer.ts";

export interface DynamicOptions {
  readonly perTensor: boolean;
  /** How many neighbours of a row of int4 weights share a scale, where the layer allows that. */
  readonly block?: BlockSize | undefined;
  /** How the inputs of weights vary together; with it their rounding errors are made to cancel. */
  readonly products?: CollectedProducts["products"] | undefined;
}

/** A layer that quantizes its data while the model runs. */
export interface DynamicLayer {
  readonly op: Operator;
  /** Its weights and their place among its inputs; absent where they stay real. */
  readonly weights?: { readonly slot: number; readonly constant: IntegerConstant };
  /** Why it is not all that was asked for. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Layers with fewer weights stay real: quantizing their data while the model runs would cost more than it saves. */
const fewestDynamicWeights = 1024;

const leastScale = () => 0;

/** A node's form with integer weights beside real data, if its scheme asks for that and it has enough weights. */
export function dynamicLayer(node: Node, scheme: Scheme, options: DynamicOptions): DynamicLayer | undefined {
  const rule = node.op.quantization.kind === "free" ? node.op.quantization.weights : undefined;
  const value = realWeights(node);
  const asked = scheme.activations === "f32" && (scheme.weights === "i8" || scheme.weights === "i4");
  if (!asked || rule === undefined || value === undefined) return undefined;
  const tensor = value.constant!;
  if (elementCount(tensor.shape) < fewestDynamicWeights) return undefined;
  const type = rule.dynamic?.i4 && scheme.weights === "i4" ? "i4" : "i8";
  const op = rule.dynamic?.[type]?.();
  if (op === undefined) return { op: node.op, diagnostics: [inReals(node)] };
  const block = type === "i4" ? options.block : undefined;
  const blocked = block && quantizeBlocks(tensor, block);
  const nearest = blocked ?? inRows(node, rule, tensor, type, options.perTensor);
  const products = options.products?.get(value);
  const compensated = products !== undefined && products.groups === rule.groups?.(node.attributes);
  const constant = compensated
    ? compensateRounding(tensor, nearest, { products, centered: false, leastScale })
    : nearest;
  const diagnostics = [
    ...(type === scheme.weights ? [] : [inBytes(node)]),
    ...(block && !blocked ? [withoutBlocks(node, tensor.shape, block)] : []),
  ];
  return { op, weights: { slot: slotOf(node, rule.weights), constant }, diagnostics };
}

function inRows(node: Node, rule: WeightsRule, tensor: Tensor, dtype: "i8" | "i4", perTensor: boolean) {
  return quantizeWeights(tensor, rule.axis(node.attributes, tensor.shape.length), { dtype, perTensor, leastScale });
}

function inReals({ name, op }: Node): Diagnostic {
  return {
    code: "quantize.real-weights",
    severity: "info",
    message: `${name} (${op.name}) has float32 weights: its operator takes integer ones beside integer data only`,
    at: { node: name },
    hint: "nothing needs to be done; the scheme int8 has integers for its data too",
  };
}

function inBytes({ name, op }: Node): Diagnostic {
  return {
    code: "quantize.eight-bit-weights",
    severity: "info",
    message: `${name} (${op.name}) has int8 weights: real data meet int4 ones in fully connected layers only`,
    at: { node: name },
    hint: "nothing needs to be done; the scheme int4 has 4-bit weights in convolutions too",
  };
}

function withoutBlocks({ name, op }: Node, [rows, depth]: readonly number[], block: number): Diagnostic {
  const why =
    rows < fewestBlockedRows
      ? `it has ${rows} rows, and blocks need ${fewestBlockedRows}`
      : depth % block === 0
        ? "its weights are too great for scales in half precision"
        : `${block} does not divide their ${depth} weights`;
  return {
    code: "quantize.no-blocks",
    severity: "info",
    message: `${name} (${op.name}) has one scale for each of its rows: ${why}`,
    at: { node: name },
    hint: "nothing needs to be done; a smaller block may fit",
  };
}
