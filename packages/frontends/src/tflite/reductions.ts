import type { OpName } from "@millrace/ops";
import {
  axisInput,
  type Call,
  checkedAxis,
  input,
  integerInput,
  invalid,
  neededOptions,
  optionsOf,
  statedType,
} from "./call.ts";
import { finishLate, isComputed } from "./computed-parameters.ts";
import { finish, step } from "./emit.ts";
import { activationOf, clampOf, type Importer, takes } from "./importer.ts";

/** A reduction; over axes that are computed it is `late`. */
export function reduction(op: OpName, late?: OpName): Importer {
  return takes(2, 2, (call) => {
    const x = input(call, 0);
    if (late && isComputed(call, 1)) {
      return finishLate(call, late, { keepDims: optionsOf(call, "ReducerOptions")?.keepDims ?? false });
    }
    const rank = x.type.shape.length;
    const axes = new Set(integerInput(call, 1).map((axis) => checkedAxis(call, axis, rank)));
    const keepDims = optionsOf(call, "ReducerOptions")?.keepDims ?? false;
    finish(call, op, [x], { axes: [...axes].sort((a, b) => a - b), keepDims });
  });
}

/** ARG_MAX and ARG_MIN; the element type of the result is that of the tensor. */
export function argument(op: OpName): Importer {
  return takes(2, 2, (call) => {
    const x = input(call, 0);
    const axis = axisInput(call, 1, x.type.shape.length);
    finish(call, op, [x], { axis, keepDims: false, to: statedType(call).dtype });
  });
}

/** The last axis, along which TFLite's softmax works. */
function lastAxis(call: Call): number {
  const rank = input(call, 0).type.shape.length;
  return rank > 0 ? rank - 1 : invalid(call, "its operand has no axis");
}

export const softmax = takes(1, 1, (call) =>
  finish(call, "softmax", [input(call, 0)], { axis: lastAxis(call), beta: neededOptions(call, "SoftmaxOptions").beta }),
);

export const logSoftmax = takes(1, 1, (call) => finish(call, "logSoftmax", [input(call, 0)], { axis: lastAxis(call) }));

/** L2_NORMALIZATION works along the last axis. */
export const l2Normalization = takes(1, 1, (call) => {
  const activation = activationOf(call, optionsOf(call, "L2NormOptions")?.fusedActivationFunction);
  const attributes = { axis: lastAxis(call) };
  const x = input(call, 0);
  if (activation === "none") return finish(call, "l2Normalize", [x], attributes);
  finish(call, "clamp", step(call, "l2Normalize", [x], attributes, [statedType(call)]), { ...clampOf(activation) });
});

export const topK = takes(2, 2, (call) => {
  const [k, ...others] = integerInput(call, 1);
  if (k === undefined || others.length > 0) invalid(call, "the number of elements it keeps is not one number");
  finish(call, "topK", [input(call, 0)], { k, axis: lastAxis(call) });
});

export const cumulativeSum = takes(2, 2, (call) => {
  const x = input(call, 0);
  const { exclusive = false, reverse = false } = optionsOf(call, "CumsumOptions") ?? {};
  if (isComputed(call, 1)) return finishLate(call, "dynamicCumulativeSum", { exclusive, reverse });
  finish(call, "cumulativeSum", [x], { axis: axisInput(call, 1, x.type.shape.length), exclusive, reverse });
});
