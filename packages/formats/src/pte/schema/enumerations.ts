import { enumeration, openEnumeration } from "../../flatbuffer/fields.ts";

/** Element types of tensors and their codes in the file, which are those of PyTorch's c10. */
export const scalarTypes = {
  BYTE: 0,
  CHAR: 1,
  SHORT: 2,
  INT: 3,
  LONG: 4,
  HALF: 5,
  FLOAT: 6,
  DOUBLE: 7,
  COMPLEXHALF: 8,
  COMPLEXFLOAT: 9,
  COMPLEXDOUBLE: 10,
  BOOL: 11,
  QINT8: 12,
  QUINT8: 13,
  QINT32: 14,
  BFLOAT16: 15,
  QUINT4X2: 16,
  QUINT2X4: 17,
  BITS1X8: 18,
  BITS2X4: 19,
  BITS4X2: 20,
  BITS8: 21,
  BITS16: 22,
  FLOAT8E5M2: 23,
  FLOAT8E4M3FN: 24,
  FLOAT8E5M2FNUZ: 25,
  FLOAT8E4M3FNUZ: 26,
  UINT16: 27,
  UINT32: 28,
  UINT64: 29,
} as const;

export const shapeDynamisms = { STATIC: 0, DYNAMIC_BOUND: 1, DYNAMIC_UNBOUND: 2 } as const;
export const tensorDataLocations = { SEGMENT: 0, EXTERNAL: 1 } as const;
export const delegateDataLocations = { INLINE: 0, SEGMENT: 1 } as const;
export const deviceTypes = { CPU: 0, CUDA: 1 } as const;

export const scalarType = openEnumeration("i8", scalarTypes);
export const shapeDynamism = enumeration("i8", shapeDynamisms);
export const tensorDataLocation = enumeration("i8", tensorDataLocations);
export const delegateDataLocation = enumeration("i8", delegateDataLocations);
export const deviceType = openEnumeration("i8", deviceTypes);
