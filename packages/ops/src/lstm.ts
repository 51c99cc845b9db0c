import { fromNumbers, mayEqual, numbersOf, sameShape, type Tensor, type Value } from "@millrace/ir";
import { flag, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";

const weights = one("f32", "i8");
const bias = one("f32", "i32");

/** Shapes of the gates' operands: weights on data [units, inputs], on the hidden state [units, units], biases [units]. */
function gatesFit(operands: readonly Value[], cell: Value): boolean {
  const units = cell.type.shape[1];
  const inputs = operands[0].type.shape[1];
  const expected = [[units, inputs], [units, units], [units]];
  return operands.every(({ type }, index) => sameShape(type.shape, expected[Math.floor(index / 4)]));
}

/**
 * Long short-term memory over a sequence x [batch, time, inputs], or [time, batch, inputs] if `timeMajor`. With σ the logistic
 * function and h, c the states [batch, units]: the gates are i, f, o = σ(W x + R h + b) and g = tanh(W x + R h + b);
 * c' = f · c + i · g, kept within ±cellClip if that is above 0; h' = o · tanh(c').
 * Results: every h', the last h' and the last c'.
 */
export const lstm = defineOp({
  name: "lstm",
  inputs: {
    x: weights,
    inputToInput: weights,
    inputToForget: weights,
    inputToCell: weights,
    inputToOutput: weights,
    recurrentToInput: weights,
    recurrentToForget: weights,
    recurrentToCell: weights,
    recurrentToOutput: weights,
    inputBias: bias,
    forgetBias: bias,
    cellBias: bias,
    outputBias: bias,
    hidden: weights,
    cell: one("f32", "i16"),
  },
  attributes: { timeMajor: flag, cellClip: real },
  quantization: float("its states are kept from run to run, which calibration does not see"),
  check: [
    [
      "x has three axes, and the states two",
      ({ x, hidden, cell }) =>
        x.type.shape.length === 3 && hidden.type.shape.length === 2 && cell.type.shape.length === 2,
    ],
    [
      "the states have the batch of x and one number for each unit",
      ({ x, hidden, cell }, { timeMajor }) =>
        sameShape(hidden.type.shape, cell.type.shape) &&
        mayEqual(hidden.type.shape[0], x.type.shape[timeMajor ? 1 : 0]),
    ],
    [
      "weights and biases fit x and the states",
      ({ x, cell, hidden: _, ...gates }) =>
        gatesFit(Object.values(gates), cell) && mayEqual(gates.inputToInput.type.shape[1], x.type.shape[2]),
    ],
  ],
  infer: ({ x, hidden, cell }) => [
    { dtype: x.type.dtype, shape: [...x.type.shape.slice(0, 2), hidden.type.shape[1]] },
    hidden.type,
    cell.type,
  ],
  transposed: (inputs, { timeMajor, cellClip }, [first, second, third]) =>
    first === 1 && second === 0 && third === 2
      ? {
          attributes: { timeMajor: !timeMajor, cellClip },
          inputs: Object.keys(inputs).map((name) => (name === "x" ? [1, 0, 2] : undefined)),
          outputs: [[1, 0, 2], undefined, undefined],
        }
      : undefined,
  evaluate({ x, hidden, cell, ...gates }, { timeMajor, cellClip }, [output]) {
    const [batch, units] = hidden.shape;
    const [steps, inputs] = [x.shape[timeMajor ? 0 : 1], x.shape[2]];
    const data = Float64Array.from(numbersOf(x));
    const operands = Object.values(gates).map(numbersOf);
    const [h, c] = [hidden, cell].map((tensor) => Float64Array.from(numbersOf(tensor)));
    const result = new Float64Array(batch * steps * units);
    for (let at = 0; at < batch * steps; at++) {
      const [step, entry] = [Math.floor(at / batch), at % batch];
      const row = timeMajor ? at : entry * steps + step;
      const before = h.slice(entry * units, (entry + 1) * units);
      const point = data.slice(row * inputs, (row + 1) * inputs);
      for (let unit = 0; unit < units; unit++) {
        const [input, forget, candidate, out] = gateSums(operands, unit, point, before);
        const place = entry * units + unit;
        const next = sigmoid(forget) * c[place] + sigmoid(input) * Math.tanh(candidate);
        c[place] = cellClip > 0 ? Math.min(cellClip, Math.max(-cellClip, next)) : next;
        h[place] = sigmoid(out) * Math.tanh(c[place]);
        result[row * units + unit] = h[place];
      }
    }
    const state = (tensor: Tensor, values: Float64Array) => fromNumbers(tensor.dtype, tensor.shape, values);
    return [fromNumbers(output.dtype, output.shape as readonly number[], result), state(hidden, h), state(cell, c)];
  },
  samples: [
    {
      name: "open gates, two steps",
      attributes: { timeMajor: false, cellClip: 0 },
      inputs: [
        f32([[[0.5], [-1]]]),
        ...[[0], [0], [1], [0]].map((row) => f32([row])),
        ...[[0], [0], [0], [0]].map((row) => f32([row])),
        ...[0, 0, 0, 0].map((value) => f32([value])),
        f32([[0]]),
        f32([[1]]),
      ],
      outputs: [
        f32([[[0.3118562749129378], [-0.007633301219487071]]]),
        f32([[-0.007633301219487071]]),
        f32([[-0.015267788662879977]]),
      ],
    },
    {
      name: "time first, two units, clipped",
      attributes: { timeMajor: true, cellClip: 0.4 },
      inputs: [
        f32([[[1]], [[2]]]),
        ...[
          [[1], [0]],
          [[0], [1]],
          [[1], [-1]],
          [[0], [2]],
        ].map(f32),
        ...[
          [
            [0, 1],
            [0, 0],
          ],
          [
            [0, 0],
            [0, 0],
          ],
          [
            [1, 0],
            [0, 1],
          ],
          [
            [0, 0],
            [1, 0],
          ],
        ].map(f32),
        ...[
          [0, 0],
          [1, 0],
          [0, 0.5],
          [0, 0],
        ].map(f32),
        f32([[0.5, -0.5]]),
        f32([[0, 1]]),
      ],
      outputs: [
        f32([[[0.18997448112761245, 0.31107300868706833]], [[0.18997448112761245, -0.10462673064872231]]]),
        f32([[0.18997448112761245, -0.10462673064872231]]),
        f32([[0.4, -0.10661358882511252]]),
      ],
    },
  ],
});

/** Sums of the input, forget, cell and output gate of one unit. */
function gateSums(
  operands: readonly ArrayLike<number>[],
  unit: number,
  x: ArrayLike<number>,
  hidden: ArrayLike<number>,
): readonly number[] {
  return [0, 1, 2, 3].map((gate) => {
    let sum = operands[8 + gate][unit];
    for (let k = 0; k < x.length; k++) sum += operands[gate][unit * x.length + k] * x[k];
    for (let k = 0; k < hidden.length; k++) sum += operands[4 + gate][unit * hidden.length + k] * hidden[k];
    return sum;
  });
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
