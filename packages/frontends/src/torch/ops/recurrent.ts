import type { Value } from "@millrace/ir";
import { concat } from "@millrace/ops";
import { reshaped, sliced } from "../../onnx/ops/weights.ts";
import type { AttributeContents, Call, Handler } from "../call.ts";
import { repeated } from "./layers.ts";
import { permuted } from "./shapes.ts";

/** What tells the recurrent layers apart. */
interface Kind {
  /** ONNX's operator. */
  readonly type: "LSTM" | "GRU" | "RNN";
  /** Where each of ONNX's gates stands among PyTorch's: input, output, forget, cell; update, reset, hidden. */
  readonly gates: readonly number[];
  readonly attributes?: AttributeContents;
}

const lstm: Kind = { type: "LSTM", gates: [0, 3, 1, 2] };
const gru: Kind = { type: "GRU", gates: [1, 0, 2], attributes: { linear_before_reset: 1 } };
const tanhLayer: Kind = { type: "RNN", gates: [0] };
const reluLayer: Kind = { type: "RNN", gates: [0], attributes: { activations: { kind: "STRINGS", value: ["Relu"] } } };

/** Weights and biases of one direction of one layer, in PyTorch's order. */
interface Direction {
  readonly input: Value;
  readonly hidden: Value;
  readonly biases: readonly Value[];
}

/** Rows of the gates in ONNX's order. */
function inOrder(call: Call, rows: Value, { gates }: Kind): Value {
  const units = Number(rows.type.shape[0]) / gates.length;
  if (!Number.isInteger(units)) return call.invalid(`its weights have ${rows.type.shape[0]} rows`);
  if (gates.length === 1) return rows;
  return call.compute(
    concat,
    gates.map((gate) => sliced(call.writer, rows, 0, gate * units, units)),
    { axis: 0 },
  );
}

/** Parameters of all directions along a first axis. */
function stacked(call: Call, parts: readonly Value[]): Value {
  const single = parts.map((part) => reshaped(call.writer, part, [1, ...part.type.shape]));
  return single.length === 1 ? single[0] : call.compute(concat, single, { axis: 0 });
}

function parametersOf(call: Call, kind: Kind, directions: readonly Direction[]): readonly (Value | undefined)[] {
  const rows = (value: Value) => inOrder(call, value, kind);
  const biases = directions.map(({ biases }) =>
    biases.length === 0 ? undefined : call.compute(concat, biases.map(rows), { axis: 0 }),
  );
  return [
    stacked(
      call,
      directions.map(({ input }) => rows(input)),
    ),
    stacked(
      call,
      directions.map(({ hidden }) => rows(hidden)),
    ),
    biases.some((bias) => bias === undefined) ? undefined : stacked(call, biases as Value[]),
  ];
}

/** States [directions of all layers, batch, units] of one layer, as its operator has them. */
function stateOf(call: Call, states: Value | undefined, layer: number, count: number, isBatchFirst: boolean) {
  if (states === undefined) return undefined;
  const own = sliced(call.writer, states, 0, layer * count, count);
  return isBatchFirst ? permuted(call, own, [1, 0, 2]) : own;
}

/** The parameters of each direction of each layer, in order. */
function directionsOf(call: Call): readonly Direction[] {
  const { arguments: given } = call;
  const parameters = given.tensors("params");
  const count = given.integer("num_layers") * (given.flag("bidirectional") ? 2 : 1);
  const each = given.flag("has_biases") ? 4 : 2;
  if (parameters.length !== each * count)
    call.unsupported("its hidden states are projected", "Use proj_size=0 and a Linear layer behind it.");
  return Array.from({ length: count }, (_, index) => {
    const [input, hidden, ...biases] = parameters.slice(index * each, (index + 1) * each);
    return { input, hidden, biases };
  });
}

/** Layers that go through a sequence one after the other; results are the last one's sequence, and the states of all. */
function recurrent(kind: Kind): Handler {
  return (call) => {
    const { arguments: given } = call;
    const isBatch = given.tensor("input").type.shape.length === 3;
    const isBatchFirst = given.flag("batch_first") && isBatch;
    if (given.flag("train") && given.real("dropout") > 0)
      call.unsupported(
        "it drops states at random, as in training",
        "Export the model in evaluation mode (model.eval()).",
      );
    const batched = (value: Value) =>
      isBatch ? value : reshaped(call.writer, value, value.type.shape.toSpliced(1, 0, 1));
    const initial = (kind.type === "LSTM" ? given.tensors("hx") : [given.tensor("hx")]).map(batched);
    if (kind.type === "LSTM" && initial.length !== 2) call.invalid(`its hx has ${initial.length} states instead of 2`);
    const directions = directionsOf(call);
    const count = given.flag("bidirectional") ? 2 : 1;
    const layout = { isBatchFirst, count };
    let x = batched(given.tensor("input"));
    const states: Value[][] = initial.map(() => []);
    for (let layer = 0; layer < given.integer("num_layers"); layer++) {
      const own = directions.slice(layer * count, (layer + 1) * count);
      const starts = initial.map((state) => stateOf(call, state, layer, count, isBatchFirst));
      const [sequence, ...last] = layerOf(call, kind, x, own, starts, layout);
      x = sequence;
      for (const [index, state] of last.entries()) states[index].push(state);
    }
    const all = states.map((list) => (list.length === 1 ? list[0] : call.compute(concat, list, { axis: 0 })));
    const unbatched = (value: Value) =>
      isBatch ? value : reshaped(call.writer, value, value.type.shape.toSpliced(1, 1));
    return [x, ...all].map(unbatched);
  };
}

/** The sequence with the directions side by side, and the last states with the directions first. */
function layerOf(
  call: Call,
  kind: Kind,
  x: Value,
  directions: readonly Direction[],
  initial: readonly (Value | undefined)[],
  { isBatchFirst, count }: { readonly isBatchFirst: boolean; readonly count: number },
): readonly Value[] {
  const inputs = [x, ...parametersOf(call, kind, directions), undefined, ...initial];
  const attributes = {
    hidden_size: Number(directions[0].hidden.type.shape[1]),
    direction: count === 2 ? "bidirectional" : "forward",
    layout: Number(isBatchFirst),
    ...kind.attributes,
    ...(count === 2 && kind === reluLayer && { activations: { kind: "STRINGS" as const, value: ["Relu", "Relu"] } }),
  };
  const names = ["sequence", "hidden", "cell"].slice(0, 1 + initial.length);
  const [sequence, ...states] = call.onnxAll(kind.type, inputs, attributes, names) as readonly Value[];
  const lead = x.type.shape.slice(0, 2);
  const units = Number(directions[0].hidden.type.shape[1]);
  const side = isBatchFirst || count === 1 ? sequence : permuted(call, sequence, [0, 2, 1, 3]);
  return [
    reshaped(call.writer, side, [...lead, count * units]),
    ...states.map((state) => (isBatchFirst ? permuted(call, state, [1, 0, 2]) : state)),
  ];
}

/** One step of a layer, as a sequence of one. */
function cell(kind: Kind): Handler {
  return (call) => {
    const { arguments: given } = call;
    const x = given.tensor("input");
    const initial = kind.type === "LSTM" ? given.tensors("hx") : [given.tensor("hx")];
    const bias = (name: string) => given.optionalTensor(name);
    const [input, hidden] = [given.tensor("w_ih"), given.tensor("w_hh")];
    const zeros = () => repeated(call, Number(input.type.shape[0]), 0);
    const has = bias("b_ih") !== undefined || bias("b_hh") !== undefined;
    const biases = has ? [bias("b_ih") ?? zeros(), bias("b_hh") ?? zeros()] : [];
    const isBatch = x.type.shape.length === 2;
    const step = (value: Value) =>
      reshaped(call.writer, value, isBatch ? [1, ...value.type.shape] : [1, 1, ...value.type.shape]);
    const layout = { isBatchFirst: false, count: 1 };
    const [, ...states] = layerOf(call, kind, step(x), [{ input, hidden, biases }], initial.map(step), layout);
    return states.map((state, index) => reshaped(call.writer, state, initial[index].type.shape));
  };
}

/** Layers that go through a sequence with a state, by overload. */
export const recurrentLayers: Readonly<Record<string, Handler>> = {
  "aten.lstm.input": recurrent(lstm),
  "aten.gru.input": recurrent(gru),
  "aten.rnn_tanh.input": recurrent(tanhLayer),
  "aten.rnn_relu.input": recurrent(reluLayer),
  "aten.lstm_cell.default": cell(lstm),
  "aten.gru_cell.default": cell(gru),
  "aten.rnn_tanh_cell.default": cell(tanhLayer),
  "aten.rnn_relu_cell.default": cell(reluLayer),
};
