import type { BuiltinOptions } from "@millrace/formats/tflite";
import { isFloat, type Value } from "@millrace/ir";
import type { OpName } from "@millrace/ops";
import { type Call, input, neededOptions, optionsOf, refuse, statedType } from "./call.ts";
import { finish, step } from "./emit.ts";
import { activationOf, clampOf, type Importer, takes } from "./importer.ts";

type ArithmeticOptions = Extract<
  BuiltinOptions,
  { readonly fusedActivationFunction: string; readonly kind: `${"Add" | "Sub" | "Mul" | "Div"}Options` }
>;

/** An operator of one operand and no attributes. */
export function unary(op: OpName): Importer {
  return takes(1, 1, (call) => finish(call, op, [input(call, 0)], {}));
}

/** An operator of two operands and no attributes. */
export function binary(op: OpName): Importer {
  return takes(2, 2, (call) => finish(call, op, [input(call, 0), input(call, 1)], {}));
}

/** Whether 16-bit data and their result have scales that are powers of two, of which the result's is the greatest and another's too. */
function isShifted(call: Call, operands: readonly Value[]): boolean {
  const types = [...operands.map(({ type }) => type), statedType(call)];
  if (types.some(({ dtype, quantization }) => dtype !== "i16" || !quantization)) return false;
  const exponents = types.map(({ quantization }) => Math.log2(quantization!.scale[0]));
  const whole = exponents.every((exponent) => Math.abs(exponent - Math.round(exponent)) < 1e-3);
  return whole && Math.round(Math.max(exponents[0], exponents[1])) === Math.round(exponents[2]);
}

/** Arithmetic with a fused activation; `shifted` is what 16-bit data scaled by powers of two need. */
export function arithmetic(op: OpName, kind: ArithmeticOptions["kind"], shifted?: OpName): Importer {
  return takes(2, 2, (call) => {
    const options = optionsOf(call, kind);
    const activation = activationOf(call, options?.fusedActivationFunction);
    const operands = [input(call, 0), input(call, 1)];
    if (!shifted || !options || !("potScaleInt16" in options && options.potScaleInt16) || !isShifted(call, operands))
      return finish(call, op, operands, { activation });
    if (activation === "none") return finish(call, shifted, operands, {});
    finish(call, "clamp", step(call, shifted, operands, {}, [statedType(call)]), { ...clampOf(activation) });
  });
}

/** Keeps values within real bounds. */
export function clamp(minimum: number, maximum: number): Importer {
  return takes(1, 1, (call) => finish(call, "clamp", [input(call, 0)], { minimum, maximum }));
}

export const elu = takes(1, 1, (call) => finish(call, "elu", [input(call, 0)], { alpha: 1 }));

export const leakyRelu = takes(1, 1, (call) =>
  finish(call, "leakyRelu", [input(call, 0)], { alpha: neededOptions(call, "LeakyReluOptions").alpha }),
);

export const gelu = takes(1, 1, (call) =>
  finish(call, "gelu", [input(call, 0)], { approximate: optionsOf(call, "GeluOptions")?.approximate ?? false }),
);

export const prelu = binary("prelu");

/** SELECT_V2 broadcasts; SELECT lets a vector of conditions choose whole slices along the first axis. */
export const selectV2 = takes(3, 3, (call) =>
  finish(call, "select", [input(call, 0), input(call, 1), input(call, 2)], {}),
);

export const select = takes(3, 3, (call) => {
  const [condition, a, b] = [input(call, 0), input(call, 1), input(call, 2)];
  const rank = a.type.shape.length;
  if (condition.type.shape.length !== 1 || rank <= 1) return finish(call, "select", [condition, a, b], {});
  const shape = [...condition.type.shape, ...new Array<number>(rank - 1).fill(1)];
  const [slices] = step(call, "reshape", [condition], { shape }, [condition.type]);
  finish(call, "select", [slices, a, b], {});
});

/** CAST works on the stored numbers, so quantized tensors would lose their meaning but where it is their integers that are wanted. */
export const cast = takes(1, 1, (call) => {
  const x = input(call, 0);
  const { dtype, quantization } = statedType(call);
  if (quantization || (x.type.quantization && isFloat(dtype))) {
    const why = "it casts the stored integers of a quantized tensor, not the real numbers they stand for";
    refuse(call, "tflite.unsupported", why, "Use QUANTIZE or DEQUANTIZE instead.");
  }
  finish(call, "cast", [x], { to: dtype });
});

export const quantize = takes(1, 1, (call) => {
  const { dtype, quantization } = statedType(call);
  if (quantization === undefined) {
    refuse(call, "tflite.quantization", `its result has no scale`, "Export the model again.");
  }
  const { scale, zeroPoint, axis = -1 } = quantization;
  finish(call, "quantize", [input(call, 0)], { dtype, scale, zeroPoint, axis, rounding: "away" });
});

/** DEQUANTIZE also widens half precision. Constants become real at once. */
export const dequantize = takes(1, 1, (call) => {
  const x = input(call, 0);
  if (x.type.quantization) return finish(call, "dequantize", [x], {});
  if (isFloat(x.type.dtype)) return widen(call);
  refuse(call, "tflite.quantization", "its operand has no scale", "Export the model again.");
});

function widen(call: Call): void {
  const x = input(call, 0);
  finish(call, "cast", [x], { to: "f32" });
}
