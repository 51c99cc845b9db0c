import { fixedPointMixing, type Neighbours } from "../kernels/resize.ts";
import type { FastKernelFactory } from "./kernel.ts";
import { fastMovement } from "./movement.ts";

function encoded(neighbours: readonly Neighbours[]): Int32Array {
  return Int32Array.from(neighbours.flatMap(({ lower, upper, share }) => [lower, upper, share]));
}

/** Resizing by the nearest element, and between four signed bytes. */
export const fastResize: FastKernelFactory = (fast) => {
  const { node, typeOf } = fast;
  const { mode, layout: order, coordinates } = node.attributes;
  if (mode === "nearest") return fastMovement(fast);
  const [x] = node.inputs;
  const [y] = node.outputs;
  if (x?.type.dtype !== "i8" || y.type.dtype !== "i8" || order !== "last") return undefined;
  const [[batches, height, width, channels], to] = [typeOf(x).shape, typeOf(y).shape];
  const rows = encoded(fixedPointMixing.neighbours(height, to[1], coordinates));
  const columns = encoded(fixedPointMixing.neighbours(width, to[2], coordinates));
  return {
    reads: [x],
    scratch: 0,
    place(layout) {
      const sizes = [batches, height, width, channels, to[1], to[2]];
      const neighbours = [rows, columns].map((data) => layout.constant(data));
      const parameters = layout.constant(
        Int32Array.of(layout.addressOf(x), layout.addressOf(y), ...sizes, ...neighbours),
      );
      return [{ operation: "resizeBilinear", parameters }];
    },
  };
};
