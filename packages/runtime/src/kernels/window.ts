import type { Node, Value } from "@millrace/ir";

/** A window that slides over channel-last data, and the groups of channels it is applied to. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly groups: number;
}

/** The window of a channel-last convolution, whose weights have height and width as their second and third axis. */
export function windowOf(node: Node): Window {
  const { stride, dilation, padding, groups } = node.attributes as unknown as Window;
  const [, height, width] = (node.inputs[1] as Value).type.shape as readonly number[];
  return { kernel: [height, width], stride, dilation, padding, groups };
}
