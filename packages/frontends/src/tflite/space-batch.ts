import { elementCount, type Value } from "@millrace/ir";
import { type Call, input, integerInput, invalid } from "./call.ts";
import { finish, step } from "./emit.ts";
import { takes } from "./importer.ts";

/** Block sizes of the spatial axes, which follow the batch, and the two numbers that go with each: padding or cropping. */
interface Blocks {
  readonly sizes: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function blocksOf(call: Call): Blocks {
  const [sizes, edges] = [integerInput(call, 1), integerInput(call, 2)];
  const rank = input(call, 0).type.shape.length;
  if (sizes.length >= rank || edges.length !== 2 * sizes.length || sizes.some((size) => size < 1)) {
    invalid(call, `blocks of [${sizes}] with [${edges}] at the edges do not fit ${rank} axes`);
  }
  const others = new Array<number>(rank - sizes.length - 1).fill(0);
  return {
    sizes,
    before: [0, ...edges.filter((_, at) => at % 2 === 0), ...others],
    after: [0, ...edges.filter((_, at) => at % 2 === 1), ...others],
  };
}

/** Views a value with four axes, reorders these and views the result in another shape. */
function rearrange(
  call: Call,
  x: Value,
  axes: readonly number[],
  permutation: readonly number[],
  shape: readonly number[],
  label: string,
): Value {
  const [parts] = step(call, "reshape", [x], { shape: axes }, [x.type], `${label}/parts`);
  const moved = step(call, "transpose", [parts], { permutation }, [x.type], `${label}/moved`);
  return step(call, "reshape", moved, { shape }, [x.type], label)[0];
}

/** SPACE_TO_BATCH_ND: pads, and moves the places within blocks to the front of the batch, one axis after the other. */
export const spaceToBatch = takes(3, 3, (call) => {
  const x = input(call, 0);
  const { sizes, before, after } = blocksOf(call);
  const padding = { before, after, mode: "constant", value: 0 };
  let [value] = step(call, "pad", [x], padding, [x.type]);
  for (let axis = sizes.length; axis > 0; axis--) {
    const block = sizes[axis - 1];
    const shape = value.type.shape as readonly number[];
    const count = shape[axis] / block;
    if (!Number.isInteger(count)) invalid(call, `blocks of ${block} do not divide ${shape[axis]}`);
    const axes = [elementCount(shape.slice(0, axis)), count, block, elementCount(shape.slice(axis + 1))];
    const result = shape.with(0, shape[0] * block).with(axis, count);
    value = rearrange(call, value, axes, [2, 0, 1, 3], result, `axis${axis}`);
  }
  finish(call, "reshape", [value], { shape: value.type.shape });
});

/** BATCH_TO_SPACE_ND: spreads the batch over blocks, one axis after the other, and crops. */
export const batchToSpace = takes(3, 3, (call) => {
  const x = input(call, 0);
  const { sizes, before, after } = blocksOf(call);
  let value = x;
  for (let axis = 1; axis <= sizes.length; axis++) {
    const block = sizes[axis - 1];
    const shape = value.type.shape as readonly number[];
    const batch = shape[0] / block;
    if (!Number.isInteger(batch)) invalid(call, `a batch of ${shape[0]} can't be spread over blocks of ${block}`);
    const rest = batch * elementCount(shape.slice(1, axis));
    const axes = [block, rest, shape[axis], elementCount(shape.slice(axis + 1))];
    const result = shape.with(0, batch).with(axis, shape[axis] * block);
    value = rearrange(call, value, axes, [1, 2, 0, 3], result, `axis${axis}`);
  }
  const whole = value.type.shape as readonly number[];
  finish(call, "slice", [value], {
    starts: before,
    sizes: whole.map((size, axis) => size - before[axis] - after[axis]),
    steps: whole.map(() => 1),
  });
});
