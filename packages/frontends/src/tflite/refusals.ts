import { type BuiltinOperatorName, builtinOperators } from "@millrace/formats/tflite";

/** Why an operator can't be imported, and what can be done about it. */
export interface Refusal {
  readonly why: string;
  readonly hint: string;
}

const withoutIt = "Export the model without this operator.";
const refusal = (why: string, hint = withoutIt): Refusal => ({ why, hint });

const recurrent = refusal(
  "its form of a recurrent layer is not supported",
  "Export the layer as UNIDIRECTIONAL_SEQUENCE_LSTM, or unrolled.",
);
const strings = refusal("it works on strings", "Turn text into numbers before the model.");
const tables = refusal("it looks values up in a table kept outside the graph", "Use GATHER on a constant table.");
const random = refusal("its result is random", "Give random numbers as an input of the model.");
const complex = refusal("it works on complex numbers", "Compute the spectrum before the model.");
const stablehlo = refusal(
  "it belongs to StableHLO, not to TFLite's own operators",
  "Convert the model with TFLite's builtin operators only.",
);

const builtins = {
  BIDIRECTIONAL_SEQUENCE_LSTM: recurrent,
  BIDIRECTIONAL_SEQUENCE_RNN: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  UNIDIRECTIONAL_SEQUENCE_RNN: recurrent,
  EMBEDDING_LOOKUP_SPARSE: refusal("it sums rows of a table that a sparse tensor names"),
  CONCAT_EMBEDDINGS: refusal("TFLite itself has no kernel for it"),
  LSH_PROJECTION: refusal("it hashes its data"),
  SKIP_GRAM: strings,
  HASHTABLE_LOOKUP: tables,
  HASHTABLE: tables,
  HASHTABLE_FIND: tables,
  HASHTABLE_IMPORT: tables,
  HASHTABLE_SIZE: tables,
  RANDOM_STANDARD_NORMAL: random,
  RANDOM_UNIFORM: random,
  MULTINOMIAL: random,
  STABLEHLO_RNG_BIT_GENERATOR: random,
  RFFT2D: complex,
  REAL: complex,
  IMAG: complex,
  COMPLEX_ABS: complex,
  BITCAST: refusal("it reads the bits of its data as another type"),
  REDUCE_WINDOW: refusal("it reduces windows along any axes", "Use a pooling operator."),
  FAKE_QUANT: refusal(
    "it stands for a quantization that was never carried out",
    "Finish the quantization when exporting, or leave it out and quantize here.",
  ),
  DELEGATE: refusal("a runtime put it in the place of other operators", "Give the file as it was exported."),
  PLACEHOLDER_FOR_GREATER_OP_CODES: refusal("its code is damaged", "Export the file again."),
} satisfies Partial<Record<BuiltinOperatorName, Refusal>>;

/** Custom operators whose names begin so. */
const customs: readonly (readonly [start: string, refusal: Refusal])[] = [
  ["ethos-u", refusal("it was compiled for an Arm Ethos-U already", "Give the file as it was before Vela.")],
  ["NPU_OP", refusal("it was compiled for an NPU already", "Give the file as it was before that.")],
  ["NeutronGraph", refusal("it was compiled for an NPU already", "Give the file as it was before that.")],
  ["DISPATCH_OP", refusal("it was compiled for an NPU already", "Give the file as it was before that.")],
  ["DECODE", refusal("its weights are compressed in a way of TFLite Micro's own", "Give the file as it was before.")],
  ["Flex", refusal("it is TensorFlow's own operator", "Convert the model without `SELECT_TF_OPS`.")],
];

/** Why the operator of this name, `CUSTOM` and its own for custom ones, is not imported. */
export function refusalOf(builtin: string): Refusal {
  if (Object.hasOwn(builtins, builtin)) return builtins[builtin as keyof typeof builtins];
  if (builtin.startsWith("STABLEHLO_")) return stablehlo;
  const [, code = ""] = /^CUSTOM (.*)$/s.exec(builtin) ?? [];
  const custom = customs.find(([start]) => code.startsWith(start))?.[1];
  if (custom) return custom;
  if (builtin.startsWith("CUSTOM")) return refusal("it is a custom operator, whose meaning no file tells");
  return refusal(Object.hasOwn(builtinOperators, builtin) ? "it has no counterpart" : "the format does not know it");
}
