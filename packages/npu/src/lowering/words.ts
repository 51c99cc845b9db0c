import { elementCount, type Node } from "@millrace/ir";
import { identityMultiplier, type KernelContext, leakyReluRescalings, type Rescaling } from "@millrace/runtime";
import { meaningOfWords } from "../commands/combine.ts";
import { emitCombination, type Side } from "./arithmetic.ts";
import type { Lowering, Place, Writer } from "./lowering.ts";
import { elementsOf, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** Clamps words to a range, multiplies them and stores them. */
export function emitRescaling(
  writer: Writer,
  input: Side,
  output: Place,
  shape: readonly number[],
  rescaling: Rescaling & { readonly resultBytes: number },
  range: { readonly low?: number; readonly high?: number } = {},
): void {
  const [left, right] = [meaningOfWords(range), meaningOfWords({ low: 0, high: 0 })];
  const sides = [input, { place: input.place, period: 1 }] as const;
  emitCombination(writer, sides, output, shape, { ...rescaling, elementBytes: 2, left, right, combine: "sum" });
}

/** An operator that has a way of its own for words. */
export function orWords(bytes: Lowering, write: (node: Node, writer: Writer, x: Side) => void): Lowering {
  const isOfWords = ({ inputs }: Node) => inputs[0]?.type.dtype === "i16";
  return {
    refuse: (node, machine) => (isOfWords(node) ? refuseNumbers : bytes.refuse)(node, machine),
    write(node, writer) {
      if (!isOfWords(node)) return bytes.write(node, writer);
      write(node, writer, { place: writer.placeOf(node.inputs[0]!), period: elementCount(sizesOf(node.outputs[0])) });
    },
  };
}

/** Words times one multiplier, clamped. */
export function rescaledWords(rescalingOf: (node: Node, context: KernelContext) => Rescaling) {
  return (node: Node, writer: Writer, x: Side): void => {
    const [output] = node.outputs;
    const { resultBytes } = elementsOf(node);
    emitRescaling(writer, x, writer.placeOf(output), sizesOf(output), {
      ...rescalingOf(node, writer.context),
      resultBytes,
    });
  };
}

/** Positive words times one multiplier, negative ones times another: each alone, and their sum. */
export function leakyWords(node: Node, writer: Writer, x: Side): void {
  const [output] = node.outputs;
  const shape = sizesOf(output);
  const elements = elementsOf(node);
  const { positive, negative } = leakyReluRescalings(node, writer.context);
  const part = (rescaling: Rescaling, range: { readonly low?: number; readonly high?: number }): Side => {
    const place = writer.scratch(x.period * elements.resultBytes);
    emitRescaling(writer, x, place, shape, { ...rescaling, ...elements }, range);
    return { place, period: x.period };
  };
  const sides = [part(positive, { low: 0 }), part(negative, { high: 0 })] as const;
  const all = meaningOfWords({});
  const sum = {
    ...positive,
    ...elements,
    left: all,
    right: all,
    combine: "sum",
    multiplier: identityMultiplier,
  } as const;
  emitCombination(writer, sides, writer.placeOf(output), shape, sum);
}
