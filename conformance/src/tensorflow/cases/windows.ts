import type { Shape } from "../operator-case.ts";

export const activations = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"] as const;

export interface Window {
  readonly from: Shape;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: "SAME" | "VALID";
}

export const windows: readonly Window[] = [
  { from: [2, 6, 5, 4], kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: "SAME" },
  { from: [1, 7, 8, 4], kernel: [2, 3], stride: [2, 2], dilation: [1, 1], padding: "VALID" },
  { from: [1, 9, 8, 4], kernel: [3, 2], stride: [1, 1], dilation: [2, 2], padding: "SAME" },
  { from: [3, 4, 4, 4], kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: "VALID" },
];

export function windowed({ from, kernel, stride, dilation, padding }: Window, axis: number): number {
  const [size, reach] = [from[axis + 1], dilation[axis] * (kernel[axis] - 1) + 1];
  return Math.ceil((padding === "SAME" ? size : size - reach + 1) / stride[axis]);
}
