import { integerRange, type Value } from "@millrace/ir";
import { clamp, div, maximum, minimum, reduceMax, reduceMin, round, sub } from "@millrace/ops";
import { type Formula, formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

/** How parameters follow from the least and the greatest number of data. */
export interface Choice {
  readonly mapping: "asymmetric" | "symmetric" | "unclipped";
  /** Least and greatest integer. */
  readonly limits: readonly [least: number, greatest: number];
  readonly leastScale: number;
  /** Of mappings around zero. */
  readonly zeroPoint: number;
}

/** The difference of 1 and the next float32 number, PyTorch's least scale. */
export const epsilon = 2 ** -23;

/**
 * The scale and the zero point of data whose numbers along `axes` share them: the least that hold all of them, and 0. The axes stay with
 * size 1; zero points are int64 as in PyTorch, and `wholeReals` gives them as reals.
 */
export function chosenParameters(
  call: Call,
  x: Value,
  axes: readonly number[],
  { mapping, limits, leastScale, zeroPoint }: Choice,
): readonly [scale: Value, zeroPoint: Value] {
  const of = formulaOf(call.writer);
  const [least, greatest] = [reduceMin, reduceMax].map((op) => call.compute(op, [x], { axes, keepDims: true }));
  const ends = [of(minimum, least, 0), of(maximum, greatest, 0)] as const;
  const scale = of(maximum, scales[mapping](of, ends, limits), leastScale);
  if (mapping !== "asymmetric") return [scale, whole(call, call.writer.scalar(zeroPoint))];
  const start = of(sub, limits[0], of(round, of(div, ends[0], scale)));
  return [scale, whole(call, call.compute(clamp, [start], { minimum: limits[0], maximum: limits[1] }))];
}

type ScaleOf = (of: Formula, ends: readonly [Value, Value], limits: Choice["limits"]) => Value;

const scales: Readonly<Record<Choice["mapping"], ScaleOf>> = {
  asymmetric: (of, [low, high], [least, greatest]) => of(div, of(sub, high, low), greatest - least),
  symmetric: (of, [low, high], [least, greatest]) =>
    of(div, of(maximum, of(sub, 0, low), high), (greatest - least) / 2),
  unclipped: (of, [low, high], [least, greatest]) => of(maximum, of(div, low, least), of(div, high, greatest)),
};

/** Whole numbers in int64, whose reals are kept at hand. */
function whole(call: Call, reals: Value): Value {
  const integers = call.converted(reals, "i64");
  call.writer.once(integers, "reals", () => reals);
  return integers;
}

/** Whole numbers as reals. */
export function wholeReals(call: Call, value: Value): Value {
  return call.writer.once(value, "reals", () => call.realOf(value));
}

/** Parameters of the whole tensor, as vectors of one number. */
function forTensor(mapping: "asymmetric" | "symmetric"): Handler {
  return (call) => {
    const { arguments: given } = call;
    const x = call.realOf(given.tensor("input"));
    const limits = [given.integer("quant_min"), given.integer("quant_max")] as const;
    const zeroPoint = given.dtype("dtype") === "u8" ? 128 : 0;
    const axes = [...x.type.shape.keys()];
    const chosen = chosenParameters(call, x, axes, { mapping, limits, leastScale: given.real("eps"), zeroPoint });
    return chosen.map((parameter) => single(call, parameter));
  };
}

/** The one number of a tensor as a vector, whose reals are known if the number's are. */
function single(call: Call, value: Value): Value {
  const vector = reshaped(call.writer, value, [1]);
  if (value.type.dtype === "i64")
    call.writer.once(vector, "reals", () => reshaped(call.writer, wholeReals(call, value), [1]));
  return vector;
}

/** Parameters of each row along the last axis. */
function forRows(choice: Choice): Handler {
  return (call) => {
    const x = call.realOf(call.arguments.tensor("input"));
    return chosenParameters(call, x, [call.axis(-1, x.type.shape.length)], choice);
  };
}

const bytes = integerRange("i8");
const aroundZero: Choice = { mapping: "symmetric", limits: [-127, 127], leastScale: 1e-5 / 127, zeroPoint: 0 };
const between: Choice = { mapping: "asymmetric", limits: bytes, leastScale: epsilon, zeroPoint: 0 };

/** Scales and zero points that are chosen while the model runs, by overload. */
export const chosen: Readonly<Record<string, Handler>> = {
  "quantized_decomposed.choose_qparams.tensor": forTensor("asymmetric"),
  "quantized_decomposed.choose_qparams_symmetric.tensor": forTensor("symmetric"),
  "quantized_decomposed.choose_qparams_per_token.default": forRows(aroundZero),
  "quantized_decomposed.choose_qparams_per_token_asymmetric.default": forRows(between),
  "quantized_decomposed._choose_qparams_per_token_asymmetric_impl.default": forRows(between),
};
