import { elementCount, numbersOf, type Value } from "@millrace/ir";
import { type Call, constantInput, input, integerInput, invalid } from "./call.ts";
import { finish, step } from "./emit.ts";
import { takes } from "./importer.ts";

/** The elements of one axis `distance` apart, with `value` between them, as blocks of one element that are padded and joined. */
function spread(call: Call, x: Value, axis: number, distance: number, value: number): Value {
  const shape = x.type.shape as readonly number[];
  const [outer, size, inner] = [elementCount(shape.slice(0, axis)), shape[axis], elementCount(shape.slice(axis + 1))];
  const reshaped = (operand: Value, sizes: readonly number[], label: string) =>
    step(call, "reshape", [operand], { shape: sizes }, [x.type], `${label}_${axis}`)[0];
  const blocks = reshaped(x, [outer * size, 1, inner], "blocks");
  const padding = { before: [0, 0, 0], after: [0, distance - 1, 0], mode: "constant", value };
  const [padded] = step(call, "pad", [blocks], padding, [x.type], `padded_${axis}`);
  const joined = reshaped(padded, [outer, size * distance, inner], "joined");
  const length = (size - 1) * distance + 1;
  const range = { starts: [0, 0, 0], sizes: [outer, length, inner], steps: [1, 1, 1] };
  const [cut] = step(call, "slice", [joined], range, [x.type], `cut_${axis}`);
  return reshaped(cut, shape.with(axis, length), "spread");
}

/** DILATE by known distances, with a known number between the elements, stored as those are. */
export const dilate = takes(3, 3, (call) => {
  const x = input(call, 0);
  const shape = x.type.shape as readonly number[];
  const distances = integerInput(call, 1);
  const [stored] = Array.from(numbersOf(constantInput(call, 2)));
  const { scale = [1], zeroPoint = [0] } = x.type.quantization ?? {};
  if (scale.length > 1) return invalid(call, "its data has more than one scale");
  if (stored === undefined || distances.length !== shape.length || distances.some((distance) => distance < 1))
    return invalid(call, `its distances [${distances}] do not fit`);
  const value = (stored - zeroPoint[0]) * scale[0];
  const whole = distances.reduce(
    (made, distance, axis) => (distance > 1 && shape[axis] > 1 ? spread(call, made, axis, distance, value) : made),
    x,
  );
  finish(call, "reshape", [whole], { shape: whole.type.shape });
});
