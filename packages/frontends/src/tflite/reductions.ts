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
import { finish } from "./emit.ts";
import { type Importer, takes } from "./importer.ts";

/** A reduction over constant axes. */
export function reduction(op: OpName): Importer {
  return takes(2, 2, (call) => {
    const x = input(call, 0);
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
