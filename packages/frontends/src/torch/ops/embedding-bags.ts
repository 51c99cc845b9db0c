import { fromNumbers, type Value } from "@millrace/ir";
import { cast, div, less, lessEqual, logicalAnd, maximum, mul, notEqual, reduceMax, select, sum } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped, sliced } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

const modes = ["sum", "mean", "max"] as const;

/** Whether each index [indices] is in each bag, which begins at its offset and ends where the next one begins: [bags, indices]. */
function members(call: Call, indices: Value, padding: number): Value {
  const { arguments: given, writer } = call;
  const of = formulaOf(writer);
  const offsets = call.converted(given.tensor("offsets"), "i64");
  const [[count], [bags]] = [indices.type.shape, offsets.type.shape];
  if (typeof count !== "number" || typeof bags !== "number")
    return call.unsupported("the number of its indices or bags is open", "Give the sizes of the model's inputs.");
  const size = call.count(given.flag("include_last_offset") ? Math.max(0, bags - 1) : bags);
  const starts = reshaped(writer, sliced(writer, offsets, 0, 0, size), [size, 1]);
  const end = writer.constant(fromNumbers("i64", [1], [count]));
  const following = call.onnx("Concat", [offsets, end], { axis: 0 });
  const ends = reshaped(writer, sliced(writer, following, 0, 1, size), [size, 1]);
  const places = Array.from({ length: call.count(count) }, (_, at) => at);
  const row = writer.constant(fromNumbers("i64", [1, count], places));
  const inBag = of(logicalAnd, of(lessEqual, starts, row), of(less, row, ends));
  if (padding < 0) return inBag;
  return of(logicalAnd, inBag, of(notEqual, reshaped(writer, indices, [1, count]), padding));
}

/**
 * Rows of a table by index, those of each bag summed, averaged or compared; 0 for bags of none. Rows of the index `padding` don't count, of
 * which there are none where it is negative. Other results are for training.
 */
function embeddingBags(call: Call, padding: number): readonly Value[] {
  const { arguments: given, writer } = call;
  const of = formulaOf(writer);
  const [table, own] = [given.tensor("weight"), given.tensor("indices")];
  const mode = modes[given.integer("mode")] ?? call.invalid(`its mode is ${given.integer("mode")}`);
  const indices = call.converted(own, "i64");
  const picked = call.onnx("Gather", [table, indices], { axis: 0 });
  const inBag = members(call, indices, padding);
  const [count] = indices.type.shape;
  const factors = given.optionalTensor("per_sample_weights");
  const rows = factors ? of(mul, picked, reshaped(writer, factors, [count, 1])) : picked;
  const share = call.compute(cast, [inBag], { to: "f32" });
  const size = call.compute(sum, [share], { axes: [1], keepDims: true });
  if (mode === "max") return [greatestOfBags(call, rows, inBag, size)];
  const total = call.onnx("MatMul", [share, rows]);
  return [mode === "sum" ? total : of(div, total, of(maximum, size, 1))];
}

function greatestOfBags(call: Call, rows: Value, inBag: Value, size: Value): Value {
  const of = formulaOf(call.writer);
  const inColumns = reshaped(call.writer, inBag, [...inBag.type.shape, 1]);
  const candidates = of(select, inColumns, rows, Number.NEGATIVE_INFINITY);
  const greatest = call.compute(reduceMax, [candidates], { axes: [1], keepDims: false });
  return of(select, of(less, 0, size), greatest, 0);
}

/** The index of padding, counted from the table's last row where it is negative. */
function countedPadding({ arguments: given }: Call): number {
  const padding = given.has("padding_idx") ? given.integer("padding_idx") : undefined;
  if (padding === undefined) return -1;
  return padding < 0 ? padding + Number(given.tensor("weight").type.shape[0]) : padding;
}

const bagsWithPadding: Handler = (call) => embeddingBags(call, call.arguments.integer("padding_idx"));

/** Sums, means and maxima of embeddings, by overload. */
export const embeddingBagOperators: Readonly<Record<string, Handler>> = {
  "aten.embedding_bag.default": (call) => embeddingBags(call, -1),
  "aten.embedding_bag.padding_idx": (call) => embeddingBags(call, countedPadding(call)),
  "aten._embedding_bag.default": bagsWithPadding,
  "aten._embedding_bag_forward_only.default": bagsWithPadding,
};
