import { elementCount, type Node, type Value } from "@millrace/ir";
import { affineOf, identityMultiplier, type KernelContext, multiplyBy, preluMultipliers } from "@millrace/runtime";
import { lookUp } from "../commands/look-up.ts";
import { emitCombination, refusePair, type Side, sideOf } from "./arithmetic.ts";
import type { Lowering } from "./lowering.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

/** What `result` gives for of every stored integer, least first. */
function tableOf(result: (stored: number) => number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, at) => result(at - 128));
}

/**
 * The tables and multipliers of three steps: what becomes of positive numbers, with zero for the others; of negative ones times their slope,
 * with zero for the others; the sum of both, of which one is zero.
 */
function stepsOf(node: Node, context: KernelContext) {
  const [x, slope] = node.inputs.map((value) => affineOf(value, node));
  const { zeroPoint, minimum: low, maximum: high } = affineOf(node.outputs[0], node);
  const { positive, negative } = preluMultipliers(node, context);
  const multiply = multiplyBy[context.rounding];
  const rising = tableOf((stored) => {
    const scaled = multiply(Math.max(0, stored - x.zeroPoint), positive.value, positive.shift);
    return Math.max(low, Math.min(high, scaled + zeroPoint));
  });
  const falling = {
    left: tableOf((stored) => Math.min(0, stored - x.zeroPoint)),
    right: tableOf((stored) => stored - slope.zeroPoint),
    combine: "product",
    multiplier: negative,
    zeroPoint,
    low,
    high,
  } as const;
  const sum = {
    left: tableOf((stored) => stored),
    right: tableOf((stored) => stored - zeroPoint),
    combine: "sum",
    multiplier: identityMultiplier,
    zeroPoint: 0,
    low,
    high,
  } as const;
  return { rising: Int8Array.from(rising), falling, sum };
}

/** Negative numbers times a slope, positive ones as they are: each alone, and their sum. */
export const prelu: Lowering = {
  refuse: (node) => refuseValues(node) ?? refusePair(node),
  write(node, writer) {
    const [x, slope] = node.inputs as [Value, Value];
    const shape = sizesOf(node.outputs[0]);
    const length = elementCount(shape);
    const { rising, falling, sum } = stepsOf(node, writer.context);
    const [risen, fallen] = [writer.scratch(length), writer.scratch(length)];
    writer.emit(lookUp, { input: writer.placeOf(x), output: risen, length, table: writer.constant(rising) });
    emitCombination(writer, [sideOf(x, shape, writer), sideOf(slope, shape, writer)], fallen, shape, falling);
    const both = [risen, fallen].map((place) => ({ place, period: length })) as [Side, Side];
    emitCombination(writer, both, writer.placeOf(node.outputs[0]), shape, sum);
  },
};
