import type { Node } from "@millrace/ir";
import { coordinateNames, interpolate } from "../commands/interpolate.ts";
import { firstOf, type Lowering, placeBehind } from "./lowering.ts";
import { movement } from "./movement.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

/** Published factors by which sides may grow. */
const factors = [1, 2, 4, 8];
const isFactor = (ratio: number) => factors.includes(ratio);

/** Images scaled by mixing four pixels each. */
const mixing: Lowering = {
  refuse(node, machine) {
    const refusal = refuseValues(node, machine);
    if (refusal) return refusal;
    const [from, to] = [node.inputs[0]!, node.outputs[0]].map((value) => sizesOf(value).slice(1, 3));
    const steps = (size: number) => (node.attributes.coordinates === "alignCorners" ? size - 1 : size);
    const grows = to.every((size, axis) => [size / from[axis], steps(size) / steps(from[axis])].some(isFactor));
    return firstOf(
      [node.attributes.layout !== "last", "its data are channel-first"],
      [!grows, `it scales ${from.join(" x ")} to ${to.join(" x ")}; the array enlarges by 1, 2, 4 or 8`],
    );
  },
  write(node, writer) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]];
    const [samples, height, width, depth] = sizesOf(x);
    const [, outputHeight, outputWidth] = sizesOf(y);
    const coordinates = (coordinateNames as readonly unknown[]).indexOf(node.attributes.coordinates);
    for (let sample = 0; sample < samples; sample++) {
      const input = placeBehind(writer.placeOf(x), sample * height * width * depth);
      const output = placeBehind(writer.placeOf(y), sample * outputHeight * outputWidth * depth);
      writer.emit(interpolate, { input, height, width, depth, output, outputHeight, outputWidth, coordinates });
    }
  },
};

const isMixed = ({ attributes }: Node) => attributes.mode === "bilinear";

/** Images scaled by mixing, or by repeating the nearest pixels. */
export const resizing: Lowering = {
  refuse: (node, machine) => (isMixed(node) ? mixing : movement).refuse(node, machine),
  write: (node, writer) => (isMixed(node) ? mixing : movement).write(node, writer),
};
