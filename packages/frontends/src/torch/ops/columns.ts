import { fromNumbers, type Value } from "@millrace/ir";
import { continued } from "../../onnx/ops/padding.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { permuted } from "./shapes.ts";
import { withBatch } from "./spatial.ts";

function settingsOf({ arguments: given }: Call) {
  const [kernel, dilation, padding, stride] = ["kernel_size", "dilation", "padding", "stride"].map((name) =>
    given.exactly(2, name),
  );
  return { kernel, dilation, padding, stride };
}

/** Windows [batch, channels · height · width of a window, windows] of images [batch, channels, height, width]. */
function imageToColumns(call: Call): Value {
  const { kernel, dilation, padding, stride } = settingsOf(call);
  return withBatch(call, call.arguments.tensor("self"), 2, (x) => {
    const padded = continued(call.writer, x, [0, 0, ...padding], [0, 0, ...padding], "constant", 0);
    const [batch, channels, ...sizes] = padded.type.shape;
    if (sizes.length !== 2) return call.invalid(`its data has ${x.type.shape.length} axes`);
    const [rows, columns] = sizes.map((size, axis) =>
      windowPlaces(call, size, { kernel: kernel[axis], dilation: dilation[axis], stride: stride[axis] }),
    );
    const inRows = call.onnx("Gather", [padded, rows], { axis: 2 });
    const picked = call.onnx("Gather", [inRows, columns], { axis: 4 });
    const turned = permuted(call, picked, [0, 1, 2, 4, 3, 5]);
    const [height, width] = [rows, columns].map(({ type }) => Number(type.shape[1]));
    return reshaped(call.writer, turned, [batch, Number(channels) * kernel[0] * kernel[1], height * width]);
  });
}

/** Where along an axis each element of every window lies: [elements, windows]. */
function windowPlaces(
  call: Call,
  size: number | string,
  { kernel, dilation, stride }: Readonly<Record<"kernel" | "dilation" | "stride", number>>,
): Value {
  if (typeof size === "string")
    return call.unsupported(`the size ${size} of its data is open`, "Give the sizes of the model's inputs.");
  const count = Math.floor((size - dilation * (kernel - 1) - 1) / stride) + 1;
  if (!(count >= 1 && kernel >= 1 && dilation >= 1 && stride >= 1))
    return call.invalid(`windows of ${kernel} do not fit an axis of ${size}`);
  call.count(kernel * count);
  const places = Array.from(
    { length: kernel * count },
    (_, at) => Math.floor(at / count) * dilation + (at % count) * stride,
  );
  return call.writer.constant(fromNumbers("i64", [kernel, count], places));
}

/** The inverse; elements that several windows share are summed. */
function columnsToImage(call: Call): Value {
  const { kernel, dilation, padding, stride } = settingsOf(call);
  const sizes = [call.integers(call.arguments.exactly(2, "output_size")), call.integers(kernel)];
  return withBatch(call, call.arguments.tensor("self"), 1, (x) =>
    call.onnx("Col2Im", [x, ...sizes], {
      dilations: dilation,
      strides: stride,
      pads: [...padding, ...padding],
    }),
  );
}

/** Windows of images as columns of a matrix, and images out of such columns, by overload. */
export const columnOperators: Readonly<Record<string, Handler>> = {
  "aten.im2col.default": imageToColumns,
  "aten.col2im.default": columnsToImage,
};
