import { elementCount, type Node, type Value } from "@millrace/ir";
import { affineOf, identityMultiplier, type KernelContext, multiplyBy, preluMultipliers } from "@millrace/runtime";
import { meaningOfWords } from "../commands/combine.ts";
import { lookUp } from "../commands/look-up.ts";
import { type Combination, emitCombination, refusePair, type Side, sideOf } from "./arithmetic.ts";
import type { Lowering, Place, Writer } from "./lowering.ts";
import { elementsOf, refuseNumbers, sizesOf } from "./shared-rules.ts";
import { emitRescaling } from "./words.ts";

/** What `result` gives for of every stored integer of 8 bits, least first. */
function tableOf(result: (stored: number) => number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, at) => result(at - 128));
}

/**
 * What becomes of positive numbers, with zero for the others; of negative ones times their slope, with zero for the others; the sum of both, of
 * which one is zero.
 */
interface Steps {
  emitRising(writer: Writer, x: Side, output: Place): void;
  readonly falling: Combination;
  readonly sum: Combination;
}

function byteSteps(node: Node, context: KernelContext): Steps {
  const [x, slope] = node.inputs.map((value) => affineOf(value, node));
  const { zeroPoint, minimum: low, maximum: high } = affineOf(node.outputs[0], node);
  const { positive, negative } = preluMultipliers(node, context);
  const multiply = multiplyBy[context.rounding];
  const rising = tableOf((stored) => {
    const scaled = multiply(Math.max(0, stored - x.zeroPoint), positive.value, positive.shift);
    return Math.max(low, Math.min(high, scaled + zeroPoint));
  });
  const common = { ...elementsOf(node), low, high };
  return {
    emitRising: (writer, { place, period: length }, output) =>
      writer.emit(lookUp, {
        input: place,
        output,
        length,
        resultBytes: 1,
        table: writer.constant(Int8Array.from(rising)),
      }),
    falling: {
      ...common,
      left: tableOf((stored) => Math.min(0, stored - x.zeroPoint)),
      right: tableOf((stored) => stored - slope.zeroPoint),
      combine: "product",
      multiplier: negative,
      zeroPoint,
    },
    sum: {
      ...common,
      left: tableOf((stored) => stored),
      right: tableOf((stored) => stored - zeroPoint),
      combine: "sum",
      multiplier: identityMultiplier,
      zeroPoint: 0,
    },
  };
}

function wordSteps(node: Node, context: KernelContext): Steps {
  const { minimum: low, maximum: high } = affineOf(node.outputs[0], node);
  const { positive, negative } = preluMultipliers(node, context);
  const all = meaningOfWords({});
  const common = { ...elementsOf(node), low, high, zeroPoint: 0 };
  return {
    emitRising: (writer, x, output) =>
      emitRescaling(writer, x, output, sizesOf(node.outputs[0]), { ...common, multiplier: positive }, { low: 0 }),
    falling: { ...common, left: meaningOfWords({ high: 0 }), right: all, combine: "product", multiplier: negative },
    sum: { ...common, left: all, right: all, combine: "sum", multiplier: identityMultiplier },
  };
}

/** Negative numbers times a slope, positive ones as they are: each alone, and their sum. */
export const prelu: Lowering = {
  refuse: (node, machine) => refuseNumbers(node, machine) ?? refusePair(node),
  write(node, writer) {
    const [x, slope] = node.inputs as [Value, Value];
    const shape = sizesOf(node.outputs[0]);
    const length = elementCount(shape);
    const { elementBytes } = elementsOf(node);
    const steps = (elementBytes === 2 ? wordSteps : byteSteps)(node, writer.context);
    const [risen, fallen] = [0, 1].map(() => ({ place: writer.scratch(length * elementBytes), period: length }));
    steps.emitRising(writer, { place: writer.placeOf(x), period: length }, risen.place);
    emitCombination(
      writer,
      [sideOf(x, shape, writer), sideOf(slope, shape, writer)],
      fallen.place,
      shape,
      steps.falling,
    );
    emitCombination(writer, [risen, fallen], writer.placeOf(node.outputs[0]), shape, steps.sum);
  },
};
