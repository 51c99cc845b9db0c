import { isFloat, numbersOf, type Operator, type Value } from "@millrace/ir";
import { asymmetricLinear, linear } from "@millrace/ops";
import { inheritName } from "../edit.ts";
import { type Refusal, refuse, rewrite } from "../rewrite.ts";
import { type BlockSize, blockScale, blockSizes, fewestBlockedRows, greatestHalf } from "./quantize-blocks.ts";
import { storedConstant } from "./real-constant.ts";
import { roundedRows } from "./rounded-rows.ts";
import type { StoredConstant } from "./stored-layer.ts";

const aroundZero = `
  input x: f32[N,2]
  constant most: f32[] = [127]
  sizes: f32[N,2] = abs(x)
  peak: f32[N,1] = reduceMax(sizes) {axes=[1], keepDims=true}
  step: f32[N,1] = div(peak, most) {activation=none}
  steps: f32[N,2] = div(x, step) {activation=none}
  q: i8[N,2]<scale=[1], zeroPoint=[0]> = quantize(steps) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=even}
  r: f32[N,2] = dequantize(q)
  bytes: f32[N,2] = mul(r, step) {activation=none}`;

/**
 * Lets a fully connected layer of integer weights store its real data in bytes itself, in the place of nodes that do so while the model runs: row
 * by row, which is no coarser than all rows in the same steps. Scales of blocks become numbers that bfloat16 has, as XNNPACK keeps them.
 */
export const recognizeDynamic = rewrite("recognize-dynamic", {
  roots: [linear],
  find(node) {
    const [x, weights] = node.inputs as readonly [Value, Value];
    const stored = storedConstant(weights);
    const rows = stored && isFloat(x.type.dtype) ? roundedRows(x) : undefined;
    if (stored === undefined || rows === undefined) return undefined;
    const constant = dynamicWeights(stored);
    if ("refused" in constant) return constant;
    const needsRange = rows.kind === "asymmetric" || constant.tensor.dtype === "i4";
    return { data: rows.data, constant, op: needsRange ? asymmetricLinear : linear };
  },
  replace({ data, constant, op }: { data: Value; constant: StoredConstant; op: Operator }, node, graph) {
    const [, weights, bias] = node.inputs;
    const { tensor, quantization } = constant;
    const created = graph.addNode({
      op,
      inputs: [data, graph.addConstant(`${weights!.name}_stored`, tensor, quantization), ...(bias ? [bias] : [])],
      attributes: node.attributes,
      name: node.name,
      origin: node.origin,
      before: node,
    });
    graph.replaceUses(node.outputs[0], created.outputs[0]);
    inheritName(graph, created.outputs[0], node.outputs[0]);
  },
  examples: [
    {
      name: "rows around zero that meet bytes",
      before: `
        ${aroundZero}
        constant stored: i8[1,2]<scale=[0.5], zeroPoint=[0]> = [30, -100]
        w: f32[1,2] = dequantize(stored)
        y: f32[N,1] = linear(bytes, w) {activation=none}
        output y`,
      after: `
        input x: f32[N,2]
        constant w_stored: i8[1,2]<scale=[0.5], zeroPoint=[0]> = [30, -100]
        y: f32[N,1] = linear(x, w_stored) {activation=none}
        output y`,
    },
    {
      name: "weights of 4 bits, which meet all steps between the least and the greatest number",
      before: `
        ${aroundZero}
        constant stored: i8[1,2]<scale=[0.5], zeroPoint=[0]> = [7, -8]
        w: f32[1,2] = dequantize(stored)
        y: f32[N,1] = linear(bytes, w) {activation=none}
        output y`,
      after: `
        input x: f32[N,2]
        constant w_stored: i4[1,2]<scale=[0.5], zeroPoint=[0]> = [7, -8]
        y: f32[N,1] = asymmetricLinear(x, w_stored) {activation=none}
        output y`,
    },
    {
      name: "weights that are not around zero",
      before: `
        ${aroundZero}
        constant stored: i8[1,2]<scale=[0.5], zeroPoint=[3]> = [30, -100]
        w: f32[1,2] = dequantize(stored)
        y: f32[N,1] = linear(bytes, w) {activation=none}
        output y`,
      noted: "its weights are not around zero",
    },
    {
      name: "data that are divided by their greatest size and not rounded",
      before: `
        input x: f32[N,2]
        sizes: f32[N,2] = abs(x)
        peak: f32[N,1] = reduceMax(sizes) {axes=[1], keepDims=true}
        shares: f32[N,2] = div(x, peak) {activation=none}
        constant stored: i8[1,2]<scale=[0.5], zeroPoint=[0]> = [30, -100]
        w: f32[1,2] = dequantize(stored)
        y: f32[N,1] = linear(shares, w) {activation=none}
        output y`,
    },
  ],
});

/** The weights as such layers take them: around zero, in 4 bits where they fit, with scales for rows or for blocks of 4-bit ones. */
function dynamicWeights({ constant, type }: Value): StoredConstant | Refusal {
  const { zeroPoint, axis, block } = type.quantization!;
  const numbers = numbersOf(constant!);
  if (zeroPoint.some((zero) => zero !== 0)) return refuse("its weights are not around zero");
  if (type.dtype !== "i8" && type.dtype !== "i4") return refuse(`its weights are stored in ${type.dtype}`);
  const isSmall = Array.prototype.every.call(numbers, (number: number) => number >= -8 && number <= 7);
  const tensor = isSmall ? { dtype: "i4" as const, shape: constant!.shape, data: Int8Array.from(numbers) } : constant!;
  if (block === undefined)
    return axis === undefined || axis === 0
      ? { tensor, quantization: type.quantization! }
      : refuse("its weights have scales for columns");
  const scale = type.quantization!.scale.map(blockScale);
  const fits = blockSizes.includes(block as BlockSize) && axis === 1 && constant!.shape[0] >= fewestBlockedRows;
  if (!isSmall || !fits || scale.some((step) => step > greatestHalf))
    return refuse(`there is no layer for blocks of ${block} such weights`);
  return { tensor, quantization: { ...type.quantization!, scale } };
}
