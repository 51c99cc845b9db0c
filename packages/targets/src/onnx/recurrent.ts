import type { Value } from "@millrace/ir";
import { lstm, svdf } from "@millrace/ops";
import { withActivation } from "./elementwise.ts";
import type { OnnxEmitter, OnnxLowering } from "./emitter.ts";

/** A layer in two steps written out: products, memories moved on by one, sums over time and over rank. */
export const lowerSvdf: OnnxLowering = (node, emit, [output, next]) => {
  const { rank } = svdf.attributesOf(node);
  const { x, features, times, bias, state } = svdf.inputsOf(node);
  const [filters, memory] = times.type.shape as readonly number[];
  const batch = x.type.shape[0] as number;
  const reshaped = (value: string, shape: readonly number[], names?: readonly string[]) =>
    emit.node("Reshape", [value, emit.integers("shape", shape)], {}, names);
  const product = emit.node("Gemm", [emit.read(x), emit.read(features)], { transB: 1 });
  const before = reshaped(emit.read(state), [batch, filters, memory]);
  const range = [[1], [memory], [2]].map((values) => emit.integers("range", values));
  const moved = emit.node("Concat", [emit.node("Slice", [before, ...range]), reshaped(product, [batch, filters, 1])], {
    axis: 2,
  });
  reshaped(moved, [batch, filters * memory], [next]);
  const weighted = reshaped(emit.node("Mul", [moved, emit.read(times)]), [batch, filters / rank, rank * memory]);
  withActivation(node, emit, output, (name) => {
    const sums = [weighted, emit.integers("axes", [2])];
    if (bias === undefined) return emit.node("ReduceSum", sums, { keepdims: 0 }, [name]);
    return emit.node("Add", [emit.node("ReduceSum", sums, { keepdims: 0 }), emit.read(bias)], {}, [name]);
  });
};

/** ONNX orders gates as input, output, forget, cell, and gives results and states an axis for directions. */
export const lowerLstm: OnnxLowering = (node, emit, [output, hidden, cell]) => {
  const { x, hidden: h, cell: c, ...gates } = lstm.inputsOf(node);
  const { timeMajor } = lstm.attributesOf(node);
  const operands = Object.values(gates) as Value[];
  const [w, r, b] = [0, 4, 8].map((first) => gatesOf(emit, operands.slice(first, first + 4)));
  const withDirection = (value: string, axis: number) => emit.node("Unsqueeze", [value, emit.integers("axes", [axis])]);
  const zeros = emit.node("Mul", [b, emit.scalar("none", 0)]);
  const biases = emit.node("Concat", [b, zeros], { axis: 0 });
  const data = timeMajor ? emit.read(x) : emit.node("Transpose", [emit.read(x)], { perm: [1, 0, 2] });
  const names = ["y", "y_h", "y_c"].map((name) => emit.name(name));
  const states = [h, c].map((state) => withDirection(emit.read(state), 0));
  const inputs = [data, withDirection(w, 0), withDirection(r, 0), withDirection(biases, 0), "", ...states];
  emit.node("LSTM", inputs, { hidden_size: h.type.shape[1] as number }, names);
  const dropped = (value: string, axis: number, results?: readonly string[]) =>
    emit.node("Squeeze", [value, emit.integers("axes", [axis])], {}, results);
  if (timeMajor) dropped(names[0], 1, [output]);
  else emit.node("Transpose", [dropped(names[0], 1)], { perm: [1, 0, 2] }, [output]);
  dropped(names[1], 0, [hidden]);
  dropped(names[2], 0, [cell]);
};

function gatesOf(emit: OnnxEmitter, [input, forget, cell, output]: readonly Value[]): string {
  const parts = [input, output, forget, cell].map((value) => emit.read(value));
  return emit.node("Concat", parts, { axis: 0 });
}
