import type { Node } from "@millrace/ir";
import { activationClamp, affineOf } from "@millrace/runtime";
import { pool, poolKinds } from "../commands/pool.ts";
import { firstOf, type Lowering } from "./lowering.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

interface Attributes {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly layout: "first" | "last";
}

const attributesOf = (node: Node) => node.attributes as unknown as Attributes;

/** Published limit of the stride of padded windows. */
const greatestStride = 32;

/** Pooling of one of the kinds that `kindOf` tells. */
export function pooling(kindOf: (node: Node) => keyof typeof poolKinds): Lowering {
  return {
    refuse(node) {
      const refusal = refuseValues(node);
      if (refusal) return refusal;
      const { stride, padding, layout } = attributesOf(node);
      const isPadded = padding.some((size) => size > 0);
      return firstOf(
        [layout !== "last", "its data are channel-first"],
        [sizesOf(node.inputs[0]!)[0] !== 1, "it has more than one sample"],
        [
          isPadded && stride.some((size) => size > greatestStride),
          `it is padded and its stride above ${greatestStride}`,
        ],
      );
    },
    write(node, writer) {
      const [[x], [y]] = [node.inputs, node.outputs];
      const { kernel, stride, dilation = [1, 1], padding } = attributesOf(node);
      const [, height, width, depth] = sizesOf(x!);
      const [, outputHeight, outputWidth, channels] = sizesOf(y);
      const [low, high] = activationClamp(affineOf(y, node), node);
      writer.emit(pool, {
        input: writer.placeOf(x!),
        height,
        width,
        depth,
        output: writer.placeOf(y),
        outputHeight,
        outputWidth,
        channels,
        kernelHeight: kernel[0],
        kernelWidth: kernel[1],
        strideY: stride[0],
        strideX: stride[1],
        dilationY: dilation[0],
        dilationX: dilation[1],
        top: padding[0],
        left: padding[1],
        firstRow: 0,
        rows: outputHeight,
        firstChannel: 0,
        count: channels,
        pooling: poolKinds[kindOf(node)],
        zero: affineOf(x, node).zeroPoint,
        low,
        high,
      });
    },
  };
}

export const averagePooling = pooling(({ attributes }) => (attributes.countPadding ? "meanWithPadding" : "mean"));
export const maximumPooling = pooling(() => "greatest");
