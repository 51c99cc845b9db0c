import type { OnnxDataType } from "@millrace/formats/onnx";

/** A float of a byte or less, which the graph holds as float32. */
export interface SmallFloat {
  /** Bits of the fraction, and of the code as a whole. */
  readonly fraction: number;
  readonly bits: number;
  /** Exponent of the least normal number; those below it are multiples of its last bit. */
  readonly leastExponent: number;
  readonly greatest: number;
  /** What is beyond the greatest number, unless a cast saturates. */
  readonly overflow: "infinity" | "nan";
  /** The codes that are no number. */
  readonly nan: "after greatest" | "negative zero" | "none";
}

const formats: Readonly<Partial<Record<OnnxDataType, SmallFloat>>> = {
  FLOAT8E4M3FN: { fraction: 3, bits: 8, leastExponent: -6, greatest: 448, overflow: "nan", nan: "after greatest" },
  FLOAT8E4M3FNUZ: { fraction: 3, bits: 8, leastExponent: -7, greatest: 240, overflow: "nan", nan: "negative zero" },
  FLOAT8E5M2: {
    fraction: 2,
    bits: 8,
    leastExponent: -14,
    greatest: 57344,
    overflow: "infinity",
    nan: "after greatest",
  },
  FLOAT8E5M2FNUZ: { fraction: 2, bits: 8, leastExponent: -15, greatest: 57344, overflow: "nan", nan: "negative zero" },
  FLOAT4E2M1: { fraction: 1, bits: 4, leastExponent: 0, greatest: 6, overflow: "nan", nan: "none" },
};

/** The type's properties if it is one of these. Source: ONNX, "Float stored in 8 bits" and "Float stored in 4 bits". */
export function formatOf(type: OnnxDataType | undefined): SmallFloat | undefined {
  return type && formats[type];
}

/** The number that each code of the type stands for; FLOAT8E8M0 is a power of two. Undefined for other types. */
export function codeValues(type: OnnxDataType): Float32Array | undefined {
  if (type === "FLOAT8E8M0")
    return Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? Number.NaN : 2 ** (code - 127)));
  const format = formats[type];
  return format && Float32Array.from({ length: 2 ** format.bits }, (_, code) => numberOf(format, code));
}

function numberOf({ fraction, bits, leastExponent, greatest, overflow, nan }: SmallFloat, code: number): number {
  const half = 2 ** (bits - 1);
  const sign = code < half ? 1 : -1;
  const [low, high] = [code % 2 ** fraction, Math.floor((code % half) / 2 ** fraction)];
  const steps = low + (high === 0 ? 0 : 2 ** fraction);
  const size = steps * 2 ** (leastExponent - fraction + Math.max(0, high - 1));
  if (nan === "negative zero" && code === half) return Number.NaN;
  if (size <= greatest) return sign * size;
  return overflow === "infinity" && low === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
}
