import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { type DType, sameShape, type ValueType } from "@millrace/ir";
import type { OptionsDraft } from "./lowering.ts";

/** What the version of an operator depends on. */
export interface Signature {
  readonly inputs: readonly (ValueType | undefined)[];
  readonly outputs: readonly ValueType[];
  readonly options: OptionsDraft | undefined;
}

/** A version and what needs it. */
type Rule = readonly [version: number, needs: (signature: Signature) => boolean];

const typeAt = ({ inputs }: Signature, position = 0) => inputs[position]?.dtype;
const rankOf = ({ inputs }: Signature) => Math.max(0, ...inputs.map((type) => type?.shape.length ?? 0));
const option = ({ options }: Signature, name: string) =>
  (options as Readonly<Record<string, unknown>> | undefined)?.[name];
const perAxis = ({ inputs, outputs }: Signature) => (inputs[0] ?? outputs[0]).quantization?.axis !== undefined;
const stored = ({ inputs }: Signature, ...dtypes: DType[]) =>
  inputs[0] !== undefined && dtypes.includes(inputs[0].dtype) && !inputs[0].quantization;

/** The operand at `position` has one of the types. */
const holds =
  (dtypes: readonly DType[], position = 0) =>
  (signature: Signature) =>
    dtypes.includes(typeAt(signature, position) as DType);

/** One operand or the result has the type. */
const involves = (dtype: DType) => (signature: Signature) =>
  typeAt(signature) === dtype || signature.outputs[0].dtype === dtype;

const deeperThan = (rank: number) => (signature: Signature) => rankOf(signature) > rank;

const broadcastsDeeperThan = (rank: number) => (signature: Signature) => {
  const [a, b] = signature.inputs;
  return rankOf(signature) > rank && a !== undefined && b !== undefined && !sameShape(a.shape, b.shape);
};

/** Version 2 for 8 bits; 16 bits in a version of their own. */
const bytes: Rule = [2, holds(["i8"])];
const words = (version: number): Rule => [version, holds(["i16"])];
const both: Rule = [2, holds(["i8", "i16"])];

const narrowSum = (signature: Signature) => option(signature, "quantizedBiasType") === "INT32";

/** Real data and integer weights. */
const hybrid = (signature: Signature) => typeAt(signature) === "f32" && typeAt(signature, 1) === "i8";

const hybridPerAxis = (signature: Signature) =>
  hybrid(signature) && signature.inputs[1]?.quantization?.axis !== undefined;

const grouped = ({ inputs: [x, weights] }: Signature) => x?.shape[3] !== weights?.shape[3];

const dilated = (signature: Signature) =>
  option(signature, "dilationHFactor") !== 1 || option(signature, "dilationWFactor") !== 1;

/** Products whose scale does not shrink need a multiplier of 1 or more. */
const grows = ({ inputs: [a, b], outputs: [y] }: Signature) => {
  const [left, right, result] = [a, b, y].map((type) => type?.quantization?.scale[0]);
  return left !== undefined && right !== undefined && result !== undefined && (left * right) / result >= 1;
};

/** Rules by operator, highest version first; without a match the version is 1. Source: op_version.cc of LiteRT. */
const rules: Readonly<Partial<Record<BuiltinOperatorName, readonly Rule[]>>> = {
  ABS: [[5, holds(["i32"])], [4, (signature) => stored(signature, "i16")], words(3), [2, holds(["i8", "u8"])]],
  ADD: [[5, (signature) => stored(signature, "i16")], [4, holds(["i64"])], words(3), bytes],
  ARG_MAX: [bytes],
  ARG_MIN: [bytes],
  AVERAGE_POOL_2D: [words(3), bytes],
  BATCH_MATMUL: [words(3), bytes],
  BROADCAST_TO: [
    [3, holds(["i8", "i16"])],
    [2, () => true],
  ],
  CAST: [
    [7, (signature) => ["bf16", "i2", "u4"].some((dtype) => involves(dtype as DType)(signature))],
    [6, holds(["i4"])],
    [5, involves("f16")],
    [4, involves("u16")],
    [3, involves("i8")],
    [2, involves("u32")],
  ],
  CONCATENATION: [words(3), bytes],
  CONV_2D: [
    [8, narrowSum],
    [7, holds(["i4"], 1)],
    [6, grouped],
    [5, hybridPerAxis],
    words(4),
    [3, holds(["i8"])],
    [2, hybrid],
  ],
  DEPTHWISE_CONV_2D: [
    [7, holds(["i4"], 1)],
    [6, hybridPerAxis],
    words(5),
    [4, hybrid],
    [3, holds(["i8"])],
    [2, dilated],
  ],
  DEPTH_TO_SPACE: [bytes],
  DEQUANTIZE: [
    [6, holds(["i4"])],
    [5, perAxis],
    [3, holds(["i16", "f16"])],
    [2, holds(["i8"])],
  ],
  DIV: [[2, broadcastsDeeperThan(4)]],
  EQUAL: [words(5), bytes],
  EXP: [both],
  FLOOR_DIV: [
    [3, holds(["i8", "i16"])],
    [2, holds(["f32"])],
  ],
  FLOOR_MOD: [both],
  FULLY_CONNECTED: [
    [13, (signature) => typeAt(signature) === "i16" && typeAt(signature, 1) === "i4"],
    [11, narrowSum],
    [10, holds(["i4"], 1)],
    words(7),
    [5, (signature) => option(signature, "keepNumDims") === true],
    [4, holds(["i8"])],
    [3, hybrid],
  ],
  GATHER: [[5, (signature) => Number(option(signature, "batchDims") ?? 0) > 0], words(4), [3, holds(["bool"])], bytes],
  GATHER_ND: [[5, holds(["bool"])], words(3)],
  GELU: [[2, holds(["i8", "u8", "i16"])]],
  GREATER: [bytes],
  GREATER_EQUAL: [words(3), bytes],
  L2_NORMALIZATION: [bytes],
  LEAKY_RELU: [words(2)],
  LESS: [words(3), bytes],
  LESS_EQUAL: [bytes],
  LOG: [both],
  LOGISTIC: [words(3), bytes],
  LOG_SOFTMAX: [bytes],
  MAXIMUM: [words(4), [3, broadcastsDeeperThan(4)], bytes],
  MAX_POOL_2D: [words(3), bytes],
  MEAN: [words(3), bytes],
  MINIMUM: [words(4), [3, broadcastsDeeperThan(4)], bytes],
  MIRROR_PAD: [words(3), bytes],
  MUL: [[7, (signature) => stored(signature, "i16")], [5, holds(["i64"])], words(4), [3, grows], bytes],
  NOT_EQUAL: [words(4), bytes],
  PAD: [[5, holds(["bool"])], [4, deeperThan(4)], words(3), bytes],
  PADV2: [[5, holds(["bool"])], [4, deeperThan(4)], words(3), bytes],
  QUANTIZE: [
    [3, ({ outputs }) => outputs[0].quantization?.axis !== undefined],
    [2, ({ outputs }) => outputs[0].dtype === "i16"],
  ],
  REDUCE_MAX: [words(3), bytes],
  REDUCE_MIN: [words(3), bytes],
  REDUCE_PROD: [both],
  RELU: [words(3), [2, holds(["i8", "u8"])]],
  RELU6: [words(3), bytes],
  RESIZE_BILINEAR: [words(4), [3, (signature) => option(signature, "halfPixelCenters") === true], bytes],
  RESIZE_NEAREST_NEIGHBOR: [
    words(4),
    [3, (signature) => option(signature, "halfPixelCenters") === true || option(signature, "alignCorners") === true],
    bytes,
  ],
  RSQRT: [words(3), bytes],
  SIGN: [[2, holds(["i32"])]],
  SLICE: [[5, deeperThan(4)], words(4), bytes],
  SOFTMAX: [words(3), bytes],
  SPACE_TO_DEPTH: [bytes],
  SPLIT: [
    [4, holds(["i16"], 1)],
    [3, holds(["i32"], 1)],
    [2, holds(["i8"], 1)],
  ],
  SPLIT_V: [bytes],
  SQRT: [both],
  SQUARED_DIFFERENCE: [bytes],
  STRIDED_SLICE: [[4, deeperThan(4)], [3, holds(["bool"])], bytes],
  SUB: [words(5), [4, holds(["i64"])], [3, broadcastsDeeperThan(4)], bytes],
  SUM: [bytes],
  SVDF: [
    [3, holds(["i8"])],
    [2, hybrid],
  ],
  TANH: [words(3), bytes],
  TILE: [[3, holds(["i8"])]],
  TOPK_V2: [bytes],
  TRANSPOSE: [[6, deeperThan(5)], words(5), [4, deeperThan(4)], [3, holds(["bool"])], bytes],
  TRANSPOSE_CONV: [
    [5, narrowSum],
    [4, (signature) => option(signature, "fusedActivationFunction") !== "NONE"],
    [3, ({ inputs }) => inputs.length === 4],
    [2, holds(["i8"], 1)],
  ],
};

/** The lowest version of an operator that knows everything used here. */
export function versionOf(builtin: BuiltinOperatorName, signature: Signature): number {
  return rules[builtin]?.find(([, needs]) => needs(signature))?.[0] ?? 1;
}
