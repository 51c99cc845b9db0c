import { FormatError } from "../error.ts";

const packSigned =
  (bits: 2 | 4) =>
  (values: ArrayLike<number>): Uint8Array => {
    const each = 8 / bits;
    const mask = (1 << bits) - 1;
    const limit = 1 << (bits - 1);
    const packed = new Uint8Array(Math.ceil(values.length / each));
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!(Number.isInteger(value) && value >= -limit && value < limit)) refuseValue(value, i, bits);
      packed[Math.floor(i / each)]! |= (value & mask) << (bits * (i % each));
    }
    return packed;
  };

const unpackSigned =
  (bits: 2 | 4) =>
  (packed: Uint8Array, count: number): Int8Array => {
    const each = 8 / bits;
    if (count > packed.length * each) refuseCount(count, packed.length, bits);
    const values = new Int8Array(count);
    for (let i = 0; i < count; i++) {
      const shifted = packed[Math.floor(i / each)]! << (32 - bits * ((i % each) + 1));
      values[i] = shifted >> (32 - bits);
    }
    return values;
  };

function refuseValue(value: number, i: number, bits: number): never {
  throw new FormatError("tflite.bad-value", `value ${value} at ${i} is no ${bits}-bit signed integer`, {
    hint: `give integers from ${-(2 ** (bits - 1))} to ${2 ** (bits - 1) - 1}`,
    where: `[${i}]`,
  });
}

function refuseCount(count: number, bytes: number, bits: number): never {
  throw new FormatError("tflite.truncated", `${count} values of ${bits} bits need more than ${bytes} bytes`, {
    hint: "the buffer does not fit the tensor's shape; export the file again",
  });
}

/** Packs integers from -8 to 7 two to a byte, the first in the low bits; an odd tail is padded with zero. */
export const packInt4 = packSigned(4);

/** The first `count` values of bytes that hold two 4-bit signed integers each, the first in the low bits. */
export const unpackInt4 = unpackSigned(4);

/** Packs integers from -2 to 1 four to a byte, the first in the lowest bits; a partial tail is padded with zeros. */
export const packInt2 = packSigned(2);

/** The first `count` values of bytes that hold four 2-bit signed integers each, the first in the lowest bits. */
export const unpackInt2 = unpackSigned(2);
