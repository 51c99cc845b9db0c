import {
  type DType,
  integerRange,
  type Node,
  type Quantization,
  sameQuantization,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import { producedBy } from "../rewrite.ts";

/** Integers that stand for reals with one scale for all of a tensor. */
export interface Steps {
  readonly dtype: DType;
  readonly quantization: Quantization;
}

/** Types of quantized data that integer kernels compute with. */
const computed: readonly DType[] = ["i8", "u8", "i16"];

/** How a type's integers stand for reals, if operators can compute with them. */
export function stepsOf({ dtype, quantization }: ValueType): Steps | undefined {
  if (quantization === undefined || quantization.axis !== undefined || !computed.includes(dtype)) return undefined;
  return { dtype, quantization };
}

export function sameSteps(a: Steps, b: Steps): boolean {
  return a.dtype === b.dtype && sameQuantization(a.quantization, b.quantization);
}

/** The integers that a real value is dequantized from, if operators can compute with them. */
export function integersBehind(value: Value | undefined): Value | undefined {
  const source = producedBy(value, dequantize)?.inputs[0];
  return source && stepsOf(source.type) && source;
}

/** What a real result is stored as by all of its readers; undefined where they differ or one reads it as reals. */
export function stepsAfter({ uses }: Value): Steps | undefined {
  const stored = [...uses].map(({ user }) => (user.op === quantize ? stepsOf(user.outputs[0].type) : undefined));
  const [first] = stored;
  return first && stored.every((steps) => steps && sameSteps(steps, first)) ? first : undefined;
}

/** The steps of results whose parameters follow from the operator, in the integer type `dtype`. */
export function fixedSteps({ op }: Node, dtype: DType): Steps | undefined {
  if (op.quantization.kind !== "fixed") return undefined;
  const { scale, zeroPoint } = op.quantization.parameters(dtype === "i16" ? 16 : 8);
  const shift = dtype === "u8" ? -integerRange("i8")[0] : 0;
  return { dtype, quantization: { scale: [Math.fround(scale)], zeroPoint: [zeroPoint + shift] } };
}

/** Attributes of a quantize node that gives integers of these steps as TFLite does. */
export function quantizing({ dtype, quantization: { scale, zeroPoint } }: Steps) {
  return { dtype, scale, zeroPoint, axis: -1, rounding: "away" } as const;
}
