import { addDimensions, allocate, type DType, elementCount, type Shape, tensorOf } from "@millrace/ir";
import { integer } from "./attributes.ts";
import { defineOp, many } from "./define.ts";
import { movedAxis } from "./transposing.ts";

/** Joins values along one axis; their other sizes agree. */
export const concat = defineOp({
  name: "concat",
  inputs: { values: many() },
  attributes: { axis: integer },
  quantization: { kind: "same", inputs: ["values"] },
  check: [
    ["there is at least one value", ({ values }) => values.length > 0],
    [
      "axis is within the rank of the values",
      ({ values }, { axis }) => axis >= 0 && axis < values[0].type.shape.length,
    ],
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
  evaluate({ values }, { axis }, [output]) {
    const shape = output.shape as readonly number[];
    const data = allocate(output.dtype as DType, elementCount(shape));
    const outer = elementCount(shape.slice(0, axis));
    const row = elementCount(shape.slice(axis));
    let offset = 0;
    for (const value of values) {
      const length = elementCount(value.shape.slice(axis));
      for (let index = 0; index < outer; index++) {
        const part = value.data.subarray(index * length, (index + 1) * length);
        (data as Uint8Array).set(part as Uint8Array, index * row + offset);
      }
      offset += length;
    }
    return tensorOf(output.dtype, shape, data);
  },
});

function agree(a: Shape, b: Shape, except: number): boolean {
  return (
    a.length === b.length &&
    a.every((size, axis) => axis === except || size === b[axis] || typeof size !== typeof b[axis])
  );
}
