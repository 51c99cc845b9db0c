import type { Value } from "@millrace/ir";
import { type Call, input, integerInput, invalid, neededOptions, optionalInput, statedShape } from "./call.ts";
import { finish } from "./emit.ts";
import { activationOf, takes } from "./importer.ts";
import { explicitPadding } from "./windows.ts";

/** The attributes of a window on a volume whose depth, height and width are `size`. */
function windowAttributes(call: Call, weights: Value, size: readonly number[]) {
  const options = neededOptions(call, "Conv3DOptions");
  const stride = [options.strideD, options.strideH, options.strideW];
  const dilation = [options.dilationDFactor, options.dilationHFactor, options.dilationWFactor];
  const kernel = weights.type.shape.slice(0, 3) as readonly number[];
  if (stride.some((step) => step < 1)) invalid(call, `its strides are ${stride}`);
  return {
    stride,
    dilation,
    padding: explicitPadding(options.padding, { size, kernel, stride, dilation }),
    activation: activationOf(call, options.fusedActivationFunction),
  };
}

/** An operand of the five axes that a volume or its weights have. */
function volumeInput(call: Call, place: number): Value {
  const value = input(call, place);
  const { shape } = value.type;
  if (shape.length !== 5 || shape.some((size) => typeof size !== "number"))
    invalid(call, `its operand ${place} has the shape [${shape}] instead of five axes`);
  return value;
}

export const volumeConvolution = takes(2, 3, (call) => {
  const [x, weights] = [volumeInput(call, 0), volumeInput(call, 1)];
  const size = x.type.shape.slice(1, 4) as readonly number[];
  finish(call, "conv3d", [x, weights, optionalInput(call, 2)], windowAttributes(call, weights, size));
});

/** The operand `output_shape` rules, or where it is computed, what the file states. */
export const transposedVolumeConvolution = takes(3, 4, (call) => {
  const shape = input(call, 0).constant ? integerInput(call, 0) : statedShape(call);
  const [weights, x] = [volumeInput(call, 1), volumeInput(call, 2)];
  if (shape.length !== 5 || shape[0] !== x.type.shape[0] || shape[4] !== weights.type.shape[3])
    invalid(call, `its output shape [${shape}] does not fit its operands`);
  const outputSize = shape.slice(1, 4);
  const attributes = { ...windowAttributes(call, weights, outputSize), outputSize };
  finish(call, "transposeConv3d", [x, weights, optionalInput(call, 3)], attributes);
});
