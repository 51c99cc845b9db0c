import { isStatic, type Node } from "@millrace/ir";
import { conv2d, transposeConv2d } from "@millrace/ops";

type Pair = readonly number[];

/** A window that slides over height and width; sizes in the order height, width. */
interface Window {
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/** Padding [top, left, bottom, right] that SAME stands for: as many results as steps fit, an odd element at the end. */
export function samePadding({ size, kernel, stride, dilation }: Window): readonly number[] {
  const totals = size.map((length, axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    return Math.max(0, (Math.ceil(length / stride[axis]) - 1) * stride[axis] + reach - length);
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return [...before, ...totals.map((total, axis) => total - before[axis])];
}

/** The window of a channel-last convolution or pooling of known height and width. */
export function windowOf(node: Node): Window | undefined {
  const { shape } = node.inputs[0]!.type;
  const size = shape.slice(1, 3);
  const weights = node.op === conv2d || node.op === transposeConv2d ? node.inputs[1]!.type.shape : undefined;
  const kernel = weights?.slice(1, 3) ?? (node.attributes["kernel"] as Pair);
  if (node.attributes["layout"] !== "last" || shape.length !== 4 || !isStatic(size) || !isStatic(kernel))
    return undefined;
  return {
    size,
    kernel,
    stride: node.attributes["stride"] as Pair,
    dilation: (node.attributes["dilation"] as Pair | undefined) ?? [1, 1],
  };
}

/** What the file calls the padding of a convolution or pooling, or undefined where it has no word for it. */
export function paddingName(node: Node): "SAME" | "VALID" | undefined {
  const window = windowOf(node);
  const padding = node.attributes["padding"] as readonly number[];
  if (window === undefined) return undefined;
  if (padding.every((count) => count === 0)) return "VALID";
  return samePadding(window).every((count, side) => count === padding[side]) ? "SAME" : undefined;
}

/** Height and width of a transposed convolution's result before anything is cropped. */
export function fullSize({ size, kernel, stride, dilation }: Window): readonly number[] {
  return size.map((length, axis) => (length - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1);
}

/**
 * The same of a transposed convolution, whose data must have the size that a convolution of its result with this padding would
 * have: VALID for a full result, SAME for one of stride times the size or a little less.
 */
export function croppingName(node: Node): "SAME" | "VALID" | undefined {
  const window = windowOf(node);
  if (window === undefined) return undefined;
  const { outputSize, padding } = transposeConv2d.attributesOf(node);
  const { size, stride } = window;
  const full = fullSize(window);
  const whole = outputSize.every((length, axis) => length >= full[axis] && length < full[axis] + stride[axis]);
  if (whole && padding[0] === 0 && padding[1] === 0) return "VALID";
  const [top, left] = samePadding({ ...window, size: outputSize });
  const steps = outputSize.every((length, axis) => Math.ceil(length / stride[axis]) === size[axis]);
  return steps && top === padding[0] && left === padding[1] ? "SAME" : undefined;
}
