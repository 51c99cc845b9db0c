import { elementCount, fail, fromNumbers, numbersOf, type Tensor } from "@millrace/ir";

/**
 * Reals of integers that are scaled in blocks of `size` along one axis: `scales` and, where there are any, `zeroPoints` have
 * the tensor's shape with that axis divided by the size, or, where their shape doesn't tell the axis, follow each other along the last one.
 * Throws `tflite.quantization` where they are not as many as there are blocks.
 */
export function dequantizeBlocks(
  stored: Tensor,
  scales: Tensor,
  zeroPoints: Tensor | undefined,
  size: number,
  name: string,
): Tensor {
  const { shape } = stored;
  const count = elementCount(shape);
  const axis = blockedAxis(shape, scales.shape, size);
  const fits = size > 0 && axis >= 0 && shape[axis] % size === 0;
  if (!fits || scales.data.length * size !== count || (zeroPoints && zeroPoints.data.length !== scales.data.length)) {
    const message = `Tensor "${name}" has ${scales.data.length} scales for ${count} numbers in blocks of ${size}.`;
    fail("tflite.quantization", message, { at: { value: name }, hint: "The file is damaged; export it again." });
  }
  const inner = shape.slice(axis + 1).reduce((product, each) => product * each, 1);
  const [values, factors, zeros] = [numbersOf(stored), numbersOf(scales), zeroPoints && numbersOf(zeroPoints)];
  const reals = Float64Array.from({ length: count }, (_, at) => {
    const row = Math.floor(at / inner);
    const block = Math.floor(row / size) * inner + (at % inner);
    return (values[at] - (zeros?.[block] ?? 0)) * factors[block];
  });
  return fromNumbers("f32", shape, reals);
}

function blockedAxis(shape: readonly number[], scales: readonly number[], size: number): number {
  const told = shape.findLastIndex((length, axis) => {
    return `${scales}` === `${shape.map((each, other) => (other === axis ? length / size : each))}`;
  });
  return told >= 0 ? told : shape.length - 1;
}
