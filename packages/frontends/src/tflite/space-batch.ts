import { elementCount } from "@millrace/ir";
import { type Call, finish, input, integerInput, invalid, step } from "./call.ts";
import { takes } from "./importer.ts";

/** A block size for each spatial axis and the two numbers that go with it. */
interface Blocks {
  readonly sizes: readonly number[];
  readonly edges: readonly (readonly [number, number])[];
}

function blocks(call: Call): Blocks {
  const [sizes, flat] = [integerInput(call, 1), integerInput(call, 2)];
  const rank = input(call, 0).type.shape.length;
  if (sizes.length >= rank || flat.length !== 2 * sizes.length || sizes.some((size) => size < 1)) {
    invalid(call, `blocks of [${sizes}] with [${flat}] at the edges do not fit ${rank} axes`);
  }
  return { sizes, edges: sizes.map((_, at) => [flat[2 * at], flat[2 * at + 1]] as const) };
}

/** SPACE_TO_BATCH_ND: pads, and moves the places within a block to the front of the batch. */
export const spaceToBatch = takes(3, 3, (call) => {
  const x = input(call, 0);
  const { sizes, edges } = blocks(call);
  const others = x.type.shape.slice(sizes.length + 1).map(() => 0);
  const before = [0, ...edges.map(([first]) => first), ...others];
  const after = [0, ...edges.map(([, second]) => second), ...others];
  const [padded] = step(call, "pad", [x], { before, after, mode: "constant", value: 0 }, [x.type]);
  const [batch, ...rest] = padded.type.shape as readonly number[];
  const space = rest.slice(0, sizes.length);
  const inner = rest.slice(sizes.length);
  if (space.some((size, at) => size % sizes[at] !== 0)) invalid(call, `blocks of [${sizes}] do not divide [${space}]`);
  const cut = [batch, ...space.flatMap((size, at) => [size / sizes[at], sizes[at]]), ...inner];
  const [parts] = step(call, "reshape", [padded], { shape: cut }, [x.type]);
  const within = sizes.map((_, at) => 2 * at + 2);
  const permutation = [
    ...within,
    0,
    ...sizes.map((_, at) => 2 * at + 1),
    ...inner.map((_, at) => 2 * sizes.length + 1 + at),
  ];
  const moved = step(call, "transpose", [parts], { permutation }, [x.type]);
  finish(call, "reshape", moved, {
    shape: [batch * elementCount(sizes), ...space.map((size, at) => size / sizes[at]), ...inner],
  });
});

/** BATCH_TO_SPACE_ND: spreads the batch over blocks, and crops. */
export const batchToSpace = takes(3, 3, (call) => {
  const x = input(call, 0);
  const { sizes, edges } = blocks(call);
  const [batch, ...rest] = x.type.shape as readonly number[];
  const [space, inner] = [rest.slice(0, sizes.length), rest.slice(sizes.length)];
  const count = elementCount(sizes);
  if (batch % count !== 0) invalid(call, `a batch of ${batch} can't be spread over blocks of [${sizes}]`);
  const [parts] = step(call, "reshape", [x], { shape: [...sizes, batch / count, ...space, ...inner] }, [x.type]);
  const batchAxis = sizes.length;
  const permutation = [
    batchAxis,
    ...sizes.flatMap((_, at) => [batchAxis + 1 + at, at]),
    ...inner.map((_, at) => 2 * sizes.length + 1 + at),
  ];
  const moved = step(call, "transpose", [parts], { permutation }, [x.type]);
  const whole = [batch / count, ...space.map((size, at) => size * sizes[at]), ...inner];
  const [joined] = step(call, "reshape", moved, { shape: whole }, [x.type]);
  finish(call, "slice", [joined], {
    starts: whole.map((_, axis) => edges[axis - 1]?.[0] ?? 0),
    sizes: whole.map((size, axis) => size - (edges[axis - 1] ? edges[axis - 1][0] + edges[axis - 1][1] : 0)),
    steps: whole.map(() => 1),
  });
});
