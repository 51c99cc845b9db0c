import { enumeration, openEnumeration } from "../../flatbuffer/fields.ts";

/** Element types of tensors and their codes in the file. */
export const tensorTypes = {
  FLOAT32: 0,
  FLOAT16: 1,
  INT32: 2,
  UINT8: 3,
  INT64: 4,
  STRING: 5,
  BOOL: 6,
  INT16: 7,
  COMPLEX64: 8,
  INT8: 9,
  FLOAT64: 10,
  COMPLEX128: 11,
  UINT64: 12,
  RESOURCE: 13,
  VARIANT: 14,
  UINT32: 15,
  UINT16: 16,
  INT4: 17,
  BFLOAT16: 18,
  INT2: 19,
  UINT4: 20,
  FLOAT8_E4M3FN: 21,
  FLOAT8_E5M2: 22,
} as const;

export const activationFunctions = { NONE: 0, RELU: 1, RELU_N1_TO_1: 2, RELU6: 3, TANH: 4, SIGN_BIT: 5 } as const;
export const paddings = { SAME: 0, VALID: 1 } as const;
export const mirrorPadModes = { REFLECT: 0, SYMMETRIC: 1 } as const;
export const weightsFormats = { DEFAULT: 0, SHUFFLED4x16INT8: 1 } as const;
export const lstmKernelTypes = { FULL: 0, BASIC: 1 } as const;
export const lshProjectionTypes = { UNKNOWN: 0, SPARSE: 1, DENSE: 2 } as const;
export const combinerTypes = { SUM: 0, MEAN: 1, SQRTN: 2 } as const;
export const dimensionTypes = { DENSE: 0, SPARSE_CSR: 1 } as const;
export const customOptionsFormats = { FLEXBUFFERS: 0 } as const;
export const randomAlgorithms = { DEFAULT: 0, PHILOX: 1, THREEFRY: 2 } as const;
export const precisions = { DEFAULT: 0, HIGH: 1, HIGHEST: 2 } as const;
export const comparisonDirections = { EQ: 0, NE: 1, GE: 2, GT: 3, LE: 4, LT: 5 } as const;
export const comparisonTypes = { NOTYPE: 0, FLOAT: 1, FLOAT_TOTAL_ORDER: 2, SIGNED: 3, UNSIGNED: 4 } as const;
export const reduceWindowFunctions = {
  UNSUPPORTED: 0,
  ADD: 1,
  MUL: 2,
  MINIMUM: 3,
  MAXIMUM: 4,
  ALL: 5,
  ANY: 6,
} as const;

export const tensorType = openEnumeration("i8", tensorTypes);
export const activation = enumeration("i8", activationFunctions);
export const padding = enumeration("i8", paddings);
export const mirrorPadMode = enumeration("i8", mirrorPadModes);
export const weightsFormat = enumeration("i8", weightsFormats);
export const lstmKernelType = enumeration("i8", lstmKernelTypes);
export const lshProjectionType = enumeration("i8", lshProjectionTypes);
export const combinerType = enumeration("i8", combinerTypes);
export const dimensionType = enumeration("i8", dimensionTypes);
export const customOptionsFormat = enumeration("i8", customOptionsFormats);
export const randomAlgorithm = enumeration("i8", randomAlgorithms);
export const precision = enumeration("u32", precisions);
export const comparisonDirection = enumeration("u32", comparisonDirections);
export const comparisonType = enumeration("u32", comparisonTypes);
export const reduceWindowFunction = enumeration("i32", reduceWindowFunctions);
