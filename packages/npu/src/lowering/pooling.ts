import type { Node } from "@millrace/ir";
import { activationClamp, affineOf } from "@millrace/runtime";
import { pool, poolKinds } from "../commands/pool.ts";
import { greatestSize } from "../commands/window.ts";
import { onePixel } from "./emit-convolution.ts";
import { firstOf, type Lowering } from "./lowering.ts";
import { reducedAxes, reducedData, refuseReduction } from "./reduced-axes.ts";
import { imageWindows, refuseSamples, refuseValues, type Sliding } from "./shared-rules.ts";

interface Attributes extends Omit<Sliding, "dilation"> {
  readonly dilation?: Sliding["dilation"];
  readonly layout: "first" | "last";
}

const attributesOf = (node: Node) => node.attributes as unknown as Attributes;

/** Published limit of the stride of padded windows. */
const greatestStride = 32;

/** Pooling of one of the kinds that `kindOf` tells. */
export function pooling(kindOf: (node: Node) => keyof typeof poolKinds): Lowering {
  return {
    refuse(node, machine) {
      const refusal = refuseValues(node, machine) ?? refuseSamples(node);
      if (refusal) return refusal;
      const { stride, padding, layout } = attributesOf(node);
      const isPadded = padding.some((size) => size > 0);
      return firstOf(
        [layout !== "last", "its data are channel-first"],
        [
          isPadded && stride.some((size) => size > greatestStride),
          `it is padded and its stride above ${greatestStride}`,
        ],
      );
    },
    write(node, writer) {
      const [low, high] = activationClamp(affineOf(node.outputs[0], node), node);
      for (const window of imageWindows(node, writer, { dilation: [1, 1], ...attributesOf(node) })) {
        const { zeroPoint: zero } = affineOf(node.inputs[0], node);
        writer.emit(pool, { ...window, pooling: poolKinds[kindOf(node)], zero, low, high });
      }
    },
  };
}

/** The greatest or least along axes, as windows of a column. */
export function extreme(kind: "greatest" | "least"): Lowering {
  return {
    refuse(node, machine) {
      const refusal = refuseValues(node, machine) ?? refuseReduction(node);
      if (refusal) return refusal;
      const { outer, taps, inner } = reducedAxes(node);
      return firstOf([Math.max(outer * taps, inner) > greatestSize, "its axes are too long"]);
    },
    write(node, writer) {
      const { outer, taps, inner } = reducedAxes(node);
      writer.emit(pool, {
        ...onePixel,
        input: reducedData(node, writer),
        height: outer * taps,
        width: 1,
        depth: inner,
        output: writer.placeOf(node.outputs[0]),
        outputHeight: outer,
        outputWidth: 1,
        channels: inner,
        kernelHeight: taps,
        strideY: taps,
        rows: outer,
        count: inner,
        pooling: poolKinds[kind],
        zero: 0,
        low: -128,
        high: 127,
      });
    },
  };
}

export const averagePooling = pooling(({ attributes }) => (attributes.countPadding ? "meanWithPadding" : "mean"));
export const maximumPooling = pooling(() => "greatest");
