import { less, lessEqual, sum } from "@millrace/ops";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

/** How many bounds of a sorted row lie before each value; those that are equal are before it where bounds belong to the right. */
function placesAmong(bounds: string): Handler {
  return (call) => {
    const { arguments: given } = call;
    if (given.given("sorter") && given.has("sorter")) call.unsupported("it has a sorter", "Sort the sequence before.");
    const [row, x] = call.promoted([given.tensor(bounds), given.operand("self")]);
    const { shape } = x.type;
    const column = reshaped(call.writer, x, [...shape, 1]);
    const rows = row.type.shape.length === 1 ? row : reshaped(call.writer, row, row.type.shape.toSpliced(-1, 0, 1));
    const isBefore = call.compute(isOfRight(call) ? lessEqual : less, [rows, column]);
    const fold = { axes: [shape.length], keepDims: false };
    const places = call.compute(sum, [call.converted(isBefore, "i32")], fold);
    return call.converted(places, given.flag("out_int32") ? "i32" : "i64");
  };
}

function isOfRight({ arguments: given }: Call): boolean {
  return given.flag("right") || (given.given("side")?.kind === "string" && given.text("side") === "right");
}

/** Operators that look numbers up in sorted rows, by overload. */
export const searching: Readonly<Record<string, Handler>> = {
  "aten.bucketize.Tensor": placesAmong("boundaries"),
  "aten.bucketize.Scalar": placesAmong("boundaries"),
  "aten.searchsorted.Tensor": placesAmong("sorted_sequence"),
  "aten.searchsorted.Scalar": placesAmong("sorted_sequence"),
};
