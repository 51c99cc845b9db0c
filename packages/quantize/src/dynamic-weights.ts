import { type Diagnostic, elementCount, type Node, type Operator, type WeightsRule } from "@millrace/ir";
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
  /** The place of its weights among its inputs. */
  readonly slot: number;
  readonly weights: IntegerConstant;
  /** Why it is not all that was asked for. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Layers with fewer weights stay real: quantizing their data while the model runs would cost more than it saves. */
const fewestDynamicWeights = 1024;

const leastScale = () => 0;

/** A node's form with integer weights beside real data, if its operator has one and the scheme asks for it. */
export function dynamicLayer(node: Node, scheme: Scheme, options: DynamicOptions): DynamicLayer | undefined {
  const { attributes, op } = node;
  const rule = op.quantization.kind === "free" ? op.quantization.weights : undefined;
  const value = realWeights(node);
  if (scheme.activations !== "f32" || rule === undefined || value === undefined) return undefined;
  if (elementCount(value.constant!.shape) < fewestDynamicWeights) return undefined;
  const layer = nearestLayer(node, rule, scheme, options);
  const products = options.products?.get(value);
  if (layer === undefined || products === undefined || products.groups !== rule.groups?.(attributes)) return layer;
  const compensation = { products, centered: false, leastScale };
  return { ...layer, weights: compensateRounding(value.constant!, layer.weights, compensation) };
}

/** The form whose weights are each rounded to the nearest. */
function nearestLayer(
  node: Node,
  rule: WeightsRule,
  scheme: Scheme,
  { block, perTensor }: DynamicOptions,
): DynamicLayer | undefined {
  const { op, attributes, inputs } = node;
  const slot = slotOf(node, rule.weights);
  const tensor = inputs[slot]!.constant!;
  const axis = rule.axis(attributes, tensor.shape.length);
  const stored = (dtype: "i8" | "i4") => quantizeWeights(tensor, axis, { dtype, perTensor, leastScale });
  if (scheme.weights === "i8") return { op, slot, weights: stored("i8"), diagnostics: [] };
  if (scheme.weights !== "i4") return undefined;
  const halves = rule.besideHalfBytes?.();
  if (halves === undefined) return { op, slot, weights: stored("i8"), diagnostics: [inBytes(node)] };
  const blocked = block && quantizeBlocks(tensor, block);
  const diagnostics = block && !blocked ? [withoutBlocks(node, tensor.shape, block)] : [];
  return { op: halves, slot, weights: blocked ?? stored("i4"), diagnostics };
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
