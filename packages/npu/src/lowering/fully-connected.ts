import { elementCount, type Value } from "@millrace/ir";
import { affineOf, linearScaling } from "@millrace/runtime";
import { asOneRow, emitConvolution, onePixel, refuseWeights } from "./emit-convolution.ts";
import type { Lowering } from "./lowering.ts";
import { scalingFieldsOf } from "./scaling.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

/** A fully connected layer, as a convolution of one row with a pixel for each row of the data. */
export const fullyConnected: Lowering = {
  refuse: (node) => refuseValues(node) ?? refuseWeights(node),
  write(node, writer) {
    const [x, weights] = node.inputs as [Value, Value];
    const [channels, depth] = sizesOf(weights);
    const pixels = elementCount(sizesOf(node.outputs[0])) / channels;
    const window = {
      ...onePixel,
      ...asOneRow(pixels),
      input: writer.placeOf(x),
      output: writer.placeOf(node.outputs[0]),
      depth,
      channels,
      count: channels,
      inputZero: affineOf(x, node).zeroPoint,
    };
    const scaling = scalingFieldsOf(node, linearScaling(node, writer.context), writer);
    emitConvolution(writer, window, weights.constant!.data as Int8Array, scaling);
  },
};
