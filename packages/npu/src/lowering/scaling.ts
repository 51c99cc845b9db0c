import type { Node, Value } from "@millrace/ir";
import { type Scaling, storedScaling } from "@millrace/runtime";
import { recordBytesOf, scalings } from "../commands/scaling.ts";
import type { Place, Writer } from "./lowering.ts";

/** Fields of how a node's sums become stored integers, with the record of each channel as a constant. Channels beyond those of the bias begin again with it. */
export function scalingFieldsOf(node: Node, scaling: Scaling, writer: Writer) {
  return scalingPartsOf(node, scaling, writer, 1)[0];
}

/** The same for as many parts of the channels, one after the other. */
export function scalingPartsOf(node: Node, scaling: Scaling, writer: Writer, parts: number) {
  const { values, shifts, zeroPoint, low, high, kind, wide } = storedScaling(node, scaling, writer.context);
  const { channels } = scaling;
  const sumBytes = wide ? 8 : 4;
  const record = recordBytesOf({ sumBytes });
  const view = new DataView(new ArrayBuffer(channels * record));
  const biases = (node.inputs[2] as Value | undefined)?.constant?.data as Int32Array | BigInt64Array | undefined;
  for (let channel = 0; channel < channels; channel++) {
    const at = channel * record;
    const bias = biases?.[channel % biases.length] ?? 0;
    if (wide) view.setBigInt64(at, BigInt(bias), true);
    else view.setInt32(at, Number(bias), true);
    if (kind === "real") view.setFloat64(at + sumBytes, values[channel], true);
    else {
      view.setInt32(at + sumBytes, values[channel], true);
      view.setInt32(at + sumBytes + 4, shifts[channel], true);
    }
  }
  const bytes = view.byteLength / parts;
  return Array.from({ length: parts }, (_, part) => {
    const parameters: Place = writer.constant(new DataView(view.buffer, part * bytes, bytes));
    return { parameters, sumBytes, scaling: scalings[kind], outputZero: zeroPoint, low, high };
  });
}
