import { fail, type Node, type Tensor, type Value } from "@millrace/ir";
import { roundAwayFromZero } from "../arithmetic/fixed-point.ts";
import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import {
  type Affine,
  affineOf,
  clampToType,
  type IntegerData,
  integersOf,
  type KernelContext,
  type KernelFactory,
  sameSteps,
} from "./kernel.ts";
import { tabulate } from "./stored-table.ts";

/** The operator's own evaluation: for real numbers, and for operators that move stored integers without reading them. */
export const evaluated: KernelFactory = (node) => {
  const { op } = node;
  const types = node.inputs.map((value) => value?.type);
  if (op.evaluate === undefined) {
    fail("runtime.no-evaluation", `${op.name} "${node.name}" can't be computed: nothing defines its values.`, {
      at: { node: node.name },
      hint: "Replace the node, or run the model in an engine that knows it.",
    });
  }
  const evaluate = op.evaluate.bind(op);
  return (inputs, outputs, attributes) => evaluate(inputs, attributes, outputs, types);
};

/** The stored integer that a node pads with. */
export function storedPadding(node: Node): number {
  const output = affineOf(node.outputs[0], node);
  const real = Math.fround((node.attributes.value as number) / output.scale);
  return clampToType(roundAwayFromZero(real) + output.zeroPoint, output);
}

/** Padding with the stored integer of a real value. */
export const integerPad: KernelFactory = (node, context) => {
  const value = storedPadding(node);
  const evaluate = evaluated(node, context);
  return (inputs, outputs, attributes) => evaluate(inputs, outputs, { ...attributes, value });
};

/**
 * Stored integers on other parameters: for unsigned bytes in float32 as TFLite's CONCATENATION does, else by multiplier.
 */
function converter(from: Affine, to: Affine, { rounding }: KernelContext): (stored: number) => number {
  if (from.dtype === "u8") {
    const single = Math.fround;
    const scale = single(from.scale * single(1 / to.scale));
    const bias = single(-from.zeroPoint * scale);
    return (stored) => clampToType(roundAwayFromZero(single(single(stored * scale) + bias)) + to.zeroPoint, to);
  }
  const { value, shift } = quantizeMultiplier(from.scale / to.scale, rounding);
  const multiply = multiplyBy[rounding];
  return (stored) => clampToType(multiply(stored - from.zeroPoint, value, shift) + to.zeroPoint, to);
}

/** For each input with other parameters than the result's, what they are and a table of its stored integers on the result's. */
export function conversions(node: Node, context: KernelContext) {
  const output = affineOf(node.outputs[0], node);
  return (node.inputs as Value[]).map((value) => {
    if (value.type.dtype === "bool") return undefined;
    const from = affineOf(value, node);
    return sameSteps(from, output)
      ? undefined
      : { from, table: tabulate(from, output.dtype, converter(from, output, context)) };
  });
}

/** Moves data of several inputs after those with other parameters than the result's were brought to them. */
export const unified: KernelFactory = (node, context) => {
  const evaluate = evaluated(node, context);
  const tables = conversions(node, context);
  const convert = (tensor: Tensor, index: number): Tensor => {
    const entry = tables[index];
    if (entry === undefined) return tensor;
    const data = integersOf(tensor).map((stored) => entry.table[stored - entry.from.minimum]) as IntegerData;
    return { ...tensor, data };
  };
  return (inputs, outputs, attributes) => evaluate((inputs as Tensor[]).map(convert), outputs, attributes);
};
