import { type DType, isFloat, type Quantization, type Tensor, type Value } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { type Call, type ImageValue, imageInput, invalid, optionalInput, refuse } from "./call.ts";
import { blockedConstant } from "./constants.ts";
import { step } from "./emit.ts";
import { tensorName } from "./tensors.ts";

/** 1HWO to OHW1. */
const depthwiseToRegular = [3, 1, 2, 0];

/** Integer weights for real data are computed in a way of their own, which not all layers have. */
export function refuseHybrid(call: Call, x: Value, weights: Value): void {
  if (!isFloat(x.type.dtype) || isFloat(weights.type.dtype)) return;
  const why = `its weights are ${weights.type.dtype} while its data are ${x.type.dtype} (dynamic-range quantization)`;
  refuse(call, "tflite.hybrid", why, "Convert the model in float, or quantize its activations too.");
}

/** Real data meet constant weights of int8, or of the other types that are named, with a scale; any other integers are refused. */
export function refuseOtherHybrid(call: Call, x: Value, weights: Value, others: readonly DType[] = []): void {
  const { dtype, quantization } = weights.type;
  if (
    x.type.dtype !== "f32" ||
    !["i8", ...others].includes(dtype) ||
    !quantization ||
    !weights.constant ||
    zeroed(quantization)
  )
    refuseHybrid(call, x, weights);
}

/**
 * Weights [rows, depth] that real data meet while they are in four bits, with zero points of 0 and scales for blocks of each row; undefined for any
 * others, which are real if they are scaled in blocks.
 */
export function blockedWeights(call: Call, position: number, x: Value): Value | undefined {
  const { scope, stored } = call;
  const index = stored.inputs[position] ?? -1;
  const tensor = scope.subgraph.tensors[index];
  if (tensor?.type !== "INT4" || tensor.shape.length !== 2 || x.type.dtype !== "f32") return undefined;
  const known = scope.adapted.get(tensor);
  const found = known ? undefined : blockedConstant(scope, index);
  if (found === undefined || !areRows(found.quantization)) return known;
  const made = scope.graph.addConstant(tensorName(tensor, index), found.tensor, found.quantization);
  scope.adapted.set(tensor, made);
  return made;
}

function areRows({ scale, zeroPoint, axis }: Quantization): boolean {
  return axis === 1 && zeroPoint.every((zero) => zero === 0) && scale.every((step) => step >= 0 && step < Infinity);
}

/** Whether a zero point is other than 0. */
function zeroed({ zeroPoint }: Quantization): boolean {
  return zeroPoint.some((zero) => zero !== 0);
}

/** Depthwise weights in the order of a convolution with as many groups as channels. */
export function depthwiseWeights(call: Call, position: number): ImageValue {
  const stored = imageInput(call, position);
  const { quantization, dtype, shape } = stored.type;
  if (shape[0] !== 1) invalid(call, `its weights have ${shape[0]} entries on their first axis, not 1`);
  const moved = quantization && movedQuantization(quantization);
  if (stored.constant)
    return adapted(call, stored, () => transposeTensor(stored.constant!, depthwiseToRegular), moved) as ImageValue;
  const kind = { dtype, ...(moved && { quantization: moved }) };
  return step(call, "transpose", [stored], { permutation: depthwiseToRegular }, [kind])[0] as ImageValue;
}

function movedQuantization({ scale, zeroPoint, axis }: Quantization): Quantization {
  return { scale, zeroPoint, ...(axis !== undefined && { axis: depthwiseToRegular.indexOf(axis) }) };
}

/** The bias of a layer. An integer one without a scale gets the scale it has by definition: that of data times weights. */
export function biasInput(call: Call, position: number, x: Value, weights: Value): Value | undefined {
  const bias = optionalInput(call, position);
  const [data, factors] = [x.type.quantization, weights.type.quantization];
  if (!bias?.constant || isFloat(bias.type.dtype) || bias.type.quantization || !data || !factors) return bias;
  const scale = factors.scale.map((item) => Math.fround(item * data.scale[0]));
  const zeroPoint = scale.map(() => 0);
  const { constant } = bias;
  return adapted(call, bias, () => constant, { scale, zeroPoint, ...(factors.axis !== undefined && { axis: 0 }) });
}

/** A constant made of a stored one, whose name it takes over; made once for each. */
function adapted(call: Call, stored: Value, make: () => Tensor, quantization: Quantization | undefined): Value {
  const { graph, adapted: known } = call.scope;
  const before = known.get(stored);
  if (before) return before;
  const { name } = stored;
  graph.rename(stored, `${name}_stored`);
  const made = graph.addConstant(name, make(), quantization);
  known.set(stored, made);
  return made;
}
