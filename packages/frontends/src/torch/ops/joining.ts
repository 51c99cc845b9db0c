import type { Value } from "@millrace/ir";
import { concat } from "@millrace/ops";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { commonType } from "../types.ts";
import { flipped } from "./slicing.ts";

/** At least so many axes; those that are missing are of size 1, the last of three behind the others. */
function withAxes(call: Call, x: Value, rank: number): Value {
  const { shape } = x.type;
  const missing = Math.max(0, rank - shape.length);
  const behind = rank === 3 && shape.length > 0 && missing > 0 ? 1 : 0;
  const before = new Array<number>(missing - behind).fill(1);
  return missing === 0 ? x : reshaped(call.writer, x, [...before, ...shape, ...new Array<number>(behind).fill(1)]);
}

function atLeast(rank: number): Handler {
  return (call) => withAxes(call, call.arguments.tensor("self"), rank);
}

/** Tensors of so many axes at least, one behind the other along an axis; those of one axis along that. */
function joined(rank: number, axis: number): Handler {
  return (call) => {
    const tensors = call.arguments.someTensors("tensors");
    const common = commonType(tensors);
    const parts = tensors.map((tensor) => withAxes(call, call.converted(tensor, common), rank));
    const last = Math.min(axis, parts[0].type.shape.length - 1);
    return parts.length === 1 ? parts[0] : call.compute(concat, parts, { axis: last });
  };
}

/** Vectors as columns beside each other. */
function columnsBesideEachOther(call: Call): Value {
  const parts = call.arguments.someTensors("tensors").map((tensor) => {
    const { shape } = tensor.type;
    return shape.length < 2 ? reshaped(call.writer, tensor, [shape[0] ?? 1, 1]) : tensor;
  });
  return parts.length === 1 ? parts[0] : call.compute(concat, parts, { axis: 1 });
}

function turnedOver(axis: number): Handler {
  return (call) => flipped(call, call.arguments.tensor("self"), [axis]);
}

/** Operators that put tensors beside each other or mirror them, by overload. */
export const joining: Readonly<Record<string, Handler>> = {
  "aten.atleast_1d.default": atLeast(1),
  "aten.atleast_2d.default": atLeast(2),
  "aten.atleast_3d.default": atLeast(3),
  "aten.hstack.default": joined(1, 1),
  "aten.vstack.default": joined(2, 0),
  "aten.row_stack.default": joined(2, 0),
  "aten.dstack.default": joined(3, 2),
  "aten.column_stack.default": columnsBesideEachOther,
  "aten.fliplr.default": turnedOver(1),
  "aten.flipud.default": turnedOver(0),
};
