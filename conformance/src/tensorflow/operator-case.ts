import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { type DType, isFloat, type Quantization } from "@millrace/ir";
import type { Random } from "./random.ts";
import type { Operand, OperatorDraft } from "./single-operator.ts";

/** An operator with one choice of types, shapes and options; what is random differs from seed to seed. */
export interface OperatorCase {
  readonly operator: BuiltinOperatorName;
  readonly name: string;
  /** The one flavor that agrees with TensorFlow Lite 2.14; without it both do. */
  readonly flavor?: "tflite" | "tflm";
  /** How far reals may be off, as a share of their size or of 1; 2e-6 without it. */
  readonly tolerance?: number;
  /** Why it can't be written again, where it can't. */
  readonly unwritten?: string;
  readonly make: (random: Random) => Omit<OperatorDraft, "operator">;
}

export type Shape = readonly number[];

/** A fed operand; integers of 8 and 16 bits get random quantization. */
export function tensor(random: Random, dtype: DType, shape: Shape, extra: Partial<Operand> = {}): Operand {
  const quantized = ["i8", "u8", "i16"].includes(dtype);
  return { dtype, shape, ...(quantized && { quantization: random.quantization(dtype) }), ...extra };
}

/** An operand of plain numbers. */
export function plain(dtype: DType, shape: Shape, extra: Partial<Operand> = {}): Operand {
  return { dtype, shape, ...extra };
}

/** A constant vector of int32. */
export function vector(values: readonly number[], shape: Shape = [values.length]): Operand {
  return { dtype: "i32", shape, constant: values };
}

/** A constant int32. */
export function scalar(value: number): Operand {
  return { dtype: "i32", shape: [], constant: [value] };
}

/** Weights with a zero point of 0 and one scale, or one for each index of an axis. */
export function weights(random: Random, dtype: DType, shape: Shape, axis?: number): Operand {
  if (isFloat(dtype)) return { dtype, shape, constant: "random", range: [-1, 1] };
  const scale = () => Math.fround(2 ** random.between(-9, -5));
  const count = axis === undefined ? 1 : shape[axis];
  const quantization: Quantization = {
    scale: Array.from({ length: count }, scale),
    zeroPoint: new Array<number>(count).fill(0),
    ...(axis !== undefined && { axis }),
  };
  const range: readonly [number, number] = dtype === "i4" ? [-7, 7] : [-127, 127];
  return { dtype, shape, quantization, constant: "random", range };
}

/** A bias that fits data and weights. */
export function bias(dtype: DType, x: Operand, filter: Operand, count: number): Operand {
  const [data, factors] = [x.quantization, filter.quantization];
  if (isFloat(dtype)) return { dtype, shape: [count], constant: "random" };
  const scale = factors!.scale.map((item) => Math.fround(item * data!.scale[0]));
  const zeroPoint = scale.map(() => 0);
  const axis = factors!.axis === undefined ? {} : { axis: 0 };
  return {
    dtype,
    shape: [count],
    constant: "random",
    range: [-3000, 3000],
    quantization: { scale, zeroPoint, ...axis },
  };
}
