import { type Dimension, divideDimensions, fromNumbers, mayEqual, multiplyDimensions, numbersOf } from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { activation, positiveInteger } from "./attributes.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";

const sizeAt = (shape: readonly Dimension[], axis: number) => shape[axis] as Dimension;

/**
 * A layer of two steps in time (TFLite's SVDF). Every filter appends the product of x [batch, inputs] and its row of
 * `features` [filters, inputs] to its part of `state` [batch, filters · memory], whose oldest entry is dropped; a unit is the
 * sum of the products of `rank` filters' memories and their rows of `times` [filters, memory], plus bias [units].
 * Results: y [batch, units] and the next state.
 */
export const svdf = defineOp({
  name: "svdf",
  inputs: {
    x: one("f32", "i8"),
    features: one("f32", "i8"),
    times: one("f32", "i16"),
    bias: optional("f32", "i32"),
    state: one("f32", "i16"),
  },
  attributes: { rank: positiveInteger, activation },
  quantization: float("its state is kept from run to run, which calibration does not see"),
  check: [
    [
      "x, features, times and state have two axes",
      ({ x, features, times, state }) => [x, features, times, state].every(({ type }) => type.shape.length === 2),
    ],
    [
      "features fit x and times",
      ({ x, features, times }) =>
        mayEqual(sizeAt(x.type.shape, 1), sizeAt(features.type.shape, 1)) &&
        mayEqual(sizeAt(features.type.shape, 0), sizeAt(times.type.shape, 0)),
    ],
    [
      "the filters are a multiple of the rank",
      ({ features: { type } }, { rank }) => typeof type.shape[0] !== "number" || type.shape[0] % rank === 0,
    ],
    [
      "state has the memories of all filters for each entry of the batch",
      ({ x, times: { type }, state }) =>
        mayEqual(sizeAt(state.type.shape, 0), sizeAt(x.type.shape, 0)) &&
        mayEqual(sizeAt(state.type.shape, 1), multiplyDimensions(sizeAt(type.shape, 0), sizeAt(type.shape, 1))),
    ],
    [
      "bias has one number for each unit",
      ({ features, bias }, { rank }) =>
        bias === undefined ||
        (bias.type.shape.length === 1 &&
          mayEqual(bias.type.shape[0], divideDimensions(sizeAt(features.type.shape, 0), rank))),
    ],
  ],
  infer: ({ x, features, state }, { rank }) => [
    { dtype: x.type.dtype, shape: [x.type.shape[0], divideDimensions(sizeAt(features.type.shape, 0), rank)] },
    state.type,
  ],
  evaluate({ x, features, times, bias, state }, { rank, activation }, [output, next]) {
    const [batch, inputs] = x.shape;
    const [filters, memory] = times.shape;
    const units = filters / rank;
    const [data, feature, time, before] = [x, features, times, state].map(numbersOf);
    const offsets = bias && numbersOf(bias);
    const [low, high] = activationRanges[activation];
    const after = new Float64Array(before.length);
    const sums = new Float64Array(batch * units);
    for (let at = 0; at < batch * filters; at++) {
      const [entry, filter] = [Math.floor(at / filters), at % filters];
      for (let age = 0; age < memory - 1; age++) after[at * memory + age] = before[at * memory + age + 1];
      let product = 0;
      for (let k = 0; k < inputs; k++) product += data[entry * inputs + k] * feature[filter * inputs + k];
      after[at * memory + memory - 1] = product;
      const unit = entry * units + Math.floor(filter / rank);
      for (let age = 0; age < memory; age++) sums[unit] += after[at * memory + age] * time[filter * memory + age];
    }
    const results = sums.map((sum, at) => Math.min(high, Math.max(low, sum + (offsets?.[at % units] ?? 0))));
    return [
      fromNumbers(output.dtype, [batch, units], results),
      fromNumbers(next.dtype, next.shape as readonly number[], after),
    ];
  },
  samples: [
    {
      name: "two filters, rank 1",
      attributes: { rank: 1, activation: "none" },
      inputs: [
        f32([[1, 2]]),
        f32([
          [1, 1],
          [2, 0],
        ]),
        f32([
          [10, 1],
          [0, 1],
        ]),
        f32([0.5, 0]),
        f32([[7, 5, 9, 4]]),
      ],
      outputs: [f32([[53.5, 2]]), f32([[5, 3, 4, 2]])],
    },
    {
      name: "rank 2, ReLU, no bias",
      attributes: { rank: 2, activation: "relu" },
      inputs: [
        f32([[1], [-1]]),
        f32([[1], [2]]),
        f32([[1], [3]]),
        undefined,
        f32([
          [8, 8],
          [8, 8],
        ]),
      ],
      outputs: [
        f32([[7], [0]]),
        f32([
          [1, 2],
          [-1, -2],
        ]),
      ],
    },
  ],
});
