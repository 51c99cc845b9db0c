import { elementCount, entryOf, fail, fromNumbers, numbersOf, type Quantization, type Tensor } from "@millrace/ir";

/** What a file says of integers that are scaled in blocks of `size` along one axis. */
export interface StoredBlocks {
  readonly scales: Tensor;
  readonly zeroPoints: Tensor | undefined;
  readonly size: number;
}

/**
 * How integers stand for reals: `scales` and, where there are any, `zeroPoints` have the tensor's shape with one axis divided by the size, or, where
 * their shape doesn't tell the axis, follow each other along the last one. Throws `tflite.quantization` where they are not as many as there are blocks.
 */
export function blockQuantization(
  { shape }: Tensor,
  { scales, zeroPoints, size }: StoredBlocks,
  name: string,
): Quantization {
  const count = elementCount(shape);
  const axis = blockedAxis(shape, scales.shape, size);
  const fits = size > 0 && axis >= 0 && shape[axis] % size === 0;
  if (!fits || scales.data.length * size !== count || (zeroPoints && zeroPoints.data.length !== scales.data.length)) {
    const message = `Tensor "${name}" has ${scales.data.length} scales for ${count} numbers in blocks of ${size}.`;
    fail("tflite.quantization", message, { at: { value: name }, hint: "The file is damaged; export it again." });
  }
  const scale = Array.from(numbersOf(scales));
  const zeroPoint = zeroPoints ? Array.from(numbersOf(zeroPoints)) : scale.map(() => 0);
  return { scale, zeroPoint, axis, block: size };
}

/** The reals that integers in blocks stand for. */
export function dequantizeBlocks(stored: Tensor, quantization: Quantization): Tensor {
  const { scale, zeroPoint } = quantization;
  const [values, entry] = [numbersOf(stored), entryOf(stored.shape, quantization)];
  const reals = Float64Array.from(values, (value, at) => (value - zeroPoint[entry(at)]) * scale[entry(at)]);
  return fromNumbers("f32", stored.shape, reals);
}

function blockedAxis(shape: readonly number[], scales: readonly number[], size: number): number {
  const told = shape.findLastIndex((length, axis) => {
    return `${scales}` === `${shape.map((each, other) => (other === axis ? length / size : each))}`;
  });
  return told >= 0 ? told : shape.length - 1;
}
