import { elementCount, type Node } from "@millrace/ir";
import { affineOf, meanRescaling } from "@millrace/runtime";
import { average } from "../commands/average.ts";
import { firstOf, type Lowering } from "./lowering.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

/** How many numbers become one, and how many results lie side by side; undefined unless the axes follow one another and nothing lies ahead of them. */
function extentOf(node: Node): { readonly taps: number; readonly channels: number } | undefined {
  const sizes = sizesOf(node.inputs[0]!);
  const axes = new Set(node.attributes.axes as readonly number[]);
  const long = sizes.flatMap((size, axis) => (size > 1 ? [{ size, reduced: axes.has(axis) }] : []));
  const first = long.findIndex(({ reduced }) => !reduced);
  const [ahead, behind] = first < 0 ? [long, []] : [long.slice(0, first), long.slice(first)];
  if (behind.some(({ reduced }) => reduced)) return undefined;
  return { taps: elementCount(ahead.map(({ size }) => size)), channels: elementCount(behind.map(({ size }) => size)) };
}

/** Means over the axes ahead of the last ones. */
export const averaging: Lowering = {
  refuse: (node) =>
    refuseValues(node) ?? firstOf([extentOf(node) === undefined, "it averages along axes behind others that stay"]),
  write(node, writer) {
    const [x] = node.inputs;
    const extent = extentOf(node)!;
    const { multiplier, zeroPoint, low, high } = meanRescaling(node, writer.context, extent.taps);
    writer.emit(average, {
      ...extent,
      input: writer.placeOf(x!),
      output: writer.placeOf(node.outputs[0]),
      inputZero: affineOf(x, node).zeroPoint,
      rounding: writer.context.rounding === "single" ? 1 : 0,
      multiplier: multiplier.value,
      shift: multiplier.shift,
      outputZero: zeroPoint,
      low,
      high,
    });
  },
};
