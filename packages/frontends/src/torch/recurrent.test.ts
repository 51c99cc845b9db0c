import { describe, expect, it } from "vitest";
import { f32, program, run, t } from "./program.testing.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** One unit that goes through numbers: gates in PyTorch's order, with weights of the data, the state, and two biases each. */
interface Unit {
  readonly data: readonly number[];
  readonly state: readonly number[];
  readonly dataBias: readonly number[];
  readonly stateBias: readonly number[];
}

const unit: Unit = {
  data: [0.5, -0.3, 0.8, 0.2],
  state: [0.1, 0.4, -0.6, 0.7],
  dataBias: [0.05, 0.1, -0.2, 0.3],
  stateBias: [0.02, -0.1, 0.2, 0.1],
};
const numbers = [0.5, -1, 2];

/** As torch.nn.LSTM says: gates input, forget, cell, output. */
function lstmOf({ data, state, dataBias, stateBias }: Unit): readonly number[] {
  let [hidden, cell] = [0, 0];
  return numbers.map((x) => {
    const gate = (at: number) => data[at] * x + dataBias[at] + state[at] * hidden + stateBias[at];
    cell = sigmoid(gate(1)) * cell + sigmoid(gate(0)) * Math.tanh(gate(2));
    hidden = sigmoid(gate(3)) * Math.tanh(cell);
    return hidden;
  });
}

/** As torch.nn.GRU says: gates reset, update, new. */
function gruOf({ data, state, dataBias, stateBias }: Unit): readonly number[] {
  let hidden = 0;
  return numbers.map((x) => {
    const given = (at: number) => data[at] * x + dataBias[at];
    const kept = (at: number) => state[at] * hidden + stateBias[at];
    const [reset, update] = [0, 1].map((at) => sigmoid(given(at) + kept(at)));
    const next = Math.tanh(given(2) + reset * kept(2));
    hidden = (1 - update) * next + update * hidden;
    return hidden;
  });
}

function layer(type: "lstm" | "gru", gates: number, isBatchFirst: boolean, isBidirectional = false) {
  const column = (values: readonly number[]) => f32([gates, 1], values.slice(0, gates));
  const vector = (values: readonly number[]) => f32([gates], values.slice(0, gates));
  const parameters = {
    a: column(unit.data),
    b: column(unit.state),
    c: vector(unit.dataBias),
    d: vector(unit.stateBias),
  };
  const names = ["a", "b", "c", "d"].map(t);
  const directions = isBidirectional ? 2 : 1;
  const zeros = { zeros: f32([directions, 1, 1], new Array(directions).fill(0)) };
  const size = isBatchFirst ? [1, 3, 1] : [3, 1, 1];
  const model = program({
    inputs: { x: size },
    parameters: { ...parameters, ...zeros },
    nodes: [
      [
        type === "lstm" ? ["y", "h", "s"] : ["y", "h"],
        `aten.${type}.input`,
        {
          input: t("x"),
          hx: type === "lstm" ? [t("zeros"), t("zeros")] : t("zeros"),
          params: isBidirectional ? [...names, ...names] : names,
          has_biases: true,
          num_layers: 1,
          dropout: 0,
          train: false,
          bidirectional: isBidirectional,
          batch_first: isBatchFirst,
        },
      ],
    ],
    outputs: ["y", "h"],
  });
  return run(model, [f32(size, numbers)]);
}

describe("recurrent layers", () => {
  it.each([true, false])("LSTM computes as torch.nn.LSTM, batch first: %s", (isBatchFirst) => {
    const [sequence, last] = layer("lstm", 4, isBatchFirst);
    const expected = lstmOf(unit);
    for (const [index, value] of expected.entries()) expect(sequence[index]).toBeCloseTo(value, 5);
    expect(last).toEqual([sequence[2]]);
  });

  it.each([true, false])("GRU computes as torch.nn.GRU, batch first: %s", (isBatchFirst) => {
    const [sequence, last] = layer("gru", 3, isBatchFirst);
    for (const [index, value] of gruOf(unit).entries()) expect(sequence[index]).toBeCloseTo(value, 5);
    expect(last).toEqual([sequence[2]]);
  });

  it.each([true, false])("puts both directions side by side, batch first: %s", (isBatchFirst) => {
    const [sequence, last] = layer("lstm", 4, isBatchFirst, true);
    const forward = lstmOf(unit);
    expect(sequence).toHaveLength(6);
    for (const [index, value] of forward.entries()) expect(sequence[2 * index]).toBeCloseTo(value, 5);
    expect(last[0]).toBeCloseTo(forward[2], 5);
    expect(last[1]).toBe(sequence[1]);
  });
});
