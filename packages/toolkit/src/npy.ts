import { type NpyArray, writeNpy } from "@millrace/formats/npy";
import { type DType, fromNumbers, isFloat, numbersOf, type Tensor } from "@millrace/ir";

export { readNpy } from "@millrace/formats/npy";

/** What numpy has no type for is written in the next wider one. */
const widerTypes: Readonly<Partial<Record<DType, DType>>> = { i2: "i8", i4: "i8", u2: "u8", u4: "u8", bf16: "f32" };

/** A tensor as numpy.save writes it; 2- and 4-bit integers become 8-bit ones, bf16 becomes f32. */
export function npyOf(tensor: Tensor): Uint8Array {
  const dtype = widerTypes[tensor.dtype];
  const array = dtype === undefined ? tensor : fromNumbers(dtype, tensor.shape, numbersOf(tensor));
  return writeNpy(array as NpyArray);
}

/** Floating-point numbers of any width as f32; other tensors as they are. */
export function asFloat32(tensor: Tensor): Tensor {
  if (!isFloat(tensor.dtype) || tensor.dtype === "f32") return tensor;
  return fromNumbers("f32", tensor.shape, numbersOf(tensor));
}
