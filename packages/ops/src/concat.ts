import { addDimensions, allocate, elementCount, mayEqual, type Shape, tensorOf } from "@millrace/ir";
import { integer } from "./attributes.ts";
import { defineOp, many } from "./define.ts";
import { f32, i64 } from "./literal.ts";
import { within } from "./sizes.ts";
import { slicedAcross } from "./slicing.ts";
import { movedAxis } from "./transposing.ts";
import { shiftedAxis } from "./widening.ts";

/** Joins values along one axis; their other sizes agree. */
export const concat = defineOp({
  name: "concat",
  inputs: { values: many() },
  attributes: { axis: integer },
  quantization: { kind: "same", inputs: ["values"] },
  check: [
    ["there is at least one value", ({ values }) => values.length > 0],
    ["axis is within the rank of the values", ({ values }, { axis }) => within(axis, values[0].type.shape)],
    [
      "the values have one element type",
      ({ values }) => values.every(({ type }) => type.dtype === values[0].type.dtype),
    ],
    [
      "the values agree in all sizes but that of axis",
      ({ values }, { axis }) => values.every(({ type }) => agree(type.shape, values[0].type.shape, axis)),
    ],
  ],
  infer({ values }, { axis }) {
    const [first, ...others] = values;
    const size = others.reduce((sum, { type }) => addDimensions(sum, type.shape[axis]), first.type.shape[axis]);
    return { dtype: first.type.dtype, shape: first.type.shape.with(axis, size) };
  },
  transposed: ({ values }, { axis }, permutation) => ({
    attributes: { axis: movedAxis(axis, permutation) },
    inputs: values.map(() => permutation),
    outputs: [permutation],
  }),
  widened: shiftedAxis,
  sliced: ({ values }, attributes, range) => slicedAcross(values, attributes, range),
  evaluate({ values }, { axis }, [output]) {
    const shape = output.shape as readonly number[];
    const data = allocate(output.dtype, elementCount(shape));
    const target = data as Float64Array;
    const outer = elementCount(shape.slice(0, axis));
    const row = elementCount(shape.slice(axis));
    let offset = 0;
    for (const value of values) {
      const length = elementCount(value.shape.slice(axis));
      const part = value.data as Float64Array;
      for (let index = 0, from = 0; index < outer; index++) {
        for (let to = index * row + offset; from < (index + 1) * length; ) target[to++] = part[from++];
      }
      offset += length;
    }
    return tensorOf(output.dtype, shape, data);
  },
  samples: [
    {
      name: "columns",
      attributes: { axis: 1 },
      inputs: [
        f32([
          [1, 2],
          [3, 4],
        ]),
        f32([[5], [6]]),
      ],
      outputs: [
        f32([
          [1, 2, 5],
          [3, 4, 6],
        ]),
      ],
    },
    {
      name: "three lists of indices",
      attributes: { axis: 0 },
      inputs: [i64([7]), i64([8, 9]), i64([7])],
      outputs: [i64([7, 8, 9, 7])],
    },
  ],
});

function agree(a: Shape, b: Shape, except: number): boolean {
  return a.length === b.length && a.every((size, axis) => axis === except || mayEqual(size, b[axis]));
}
