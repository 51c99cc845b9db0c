import {
  type Dimension,
  divideDimensions,
  elementCount,
  fromNumbers,
  isStatic,
  multiplyDimensions,
  type Shape,
  type Value,
} from "@millrace/ir";
import {
  allInputs,
  axisInput,
  type Call,
  checkedAxis,
  input,
  integerInput,
  invalid,
  neededOptions,
  optionalInput,
  optionsOf,
  statedShape,
  statedType,
} from "./call.ts";
import { finish, finishConstant, step } from "./emit.ts";
import { activationOf, clampOf, takes } from "./importer.ts";

function shapeOf(value: Value): readonly number[] {
  return value.type.shape as readonly number[];
}

export const reshape = takes(1, 2, (call) => {
  const x = input(call, 0);
  finish(call, "reshape", [x], { shape: resolved(call, wantedShape(call), elementCount(x.type.shape)) });
});

/** The shape asked for: a constant operand, the options, or, where it is computed, what the file states. */
function wantedShape(call: Call): readonly number[] {
  const operand = optionalInput(call, 1);
  if (operand?.constant) return integerInput(call, 1);
  const options = optionsOf(call, "ReshapeOptions")?.newShape;
  if (options === undefined) return operand ? statedShape(call) : invalid(call, "it has no shape");
  return options.length === 1 && options[0] === 0 ? [] : options;
}

function resolved(call: Call, wanted: readonly number[], count: Dimension): Shape {
  const open = wanted.indexOf(-1);
  if (wanted.some((size, axis) => size < 0 && axis !== open)) invalid(call, `the shape [${wanted}] can't be resolved`);
  if (open < 0) return wanted;
  const others = elementCount(wanted.toSpliced(open, 1));
  const size = others === 0 ? Number.NaN : divideDimensions(count, others);
  return multiplyDimensions(size, others) === count
    ? (wanted as Shape).with(open, size)
    : invalid(call, `${count} elements do not fit [${wanted}]`);
}

export const squeeze = takes(1, 1, (call) => {
  const x = input(call, 0);
  const shape = shapeOf(x);
  const listed = optionsOf(call, "SqueezeOptions")?.squeezeDims ?? [];
  const dropped = new Set(listed.map((axis) => checkedAxis(call, axis, shape.length)));
  for (const axis of dropped) if (shape[axis] !== 1) invalid(call, `axis ${axis} of [${shape}] is not 1`);
  const drop = (size: number, axis: number) => (listed.length === 0 ? size === 1 : dropped.has(axis));
  finish(call, "reshape", [x], { shape: shape.filter((size, axis) => !drop(size, axis)) });
});

export const expandDims = takes(2, 2, (call) => {
  const x = input(call, 0);
  const axis = axisInput(call, 1, shapeOf(x).length + 1);
  finish(call, "reshape", [x], { shape: shapeOf(x).toSpliced(axis, 0, 1) });
});

export const transpose = takes(2, 2, (call) => {
  const x = input(call, 0);
  const permutation = integerInput(call, 1).map((axis) => checkedAxis(call, axis, shapeOf(x).length));
  finish(call, "transpose", [x], { permutation });
});

export const concatenation = takes(1, Number.POSITIVE_INFINITY, (call) => {
  const options = neededOptions(call, "ConcatenationOptions");
  const values = allInputs(call);
  const axis = checkedAxis(call, options.axis, shapeOf(values[0]).length);
  const activation = activationOf(call, options.fusedActivationFunction);
  if (activation === "none") return finish(call, "concat", values, { axis });
  finish(call, "clamp", step(call, "concat", values, { axis }, [statedType(call)]), { ...clampOf(activation) });
});

/** PACK gives every value an axis of size 1 and joins them along it. */
export const pack = takes(1, Number.POSITIVE_INFINITY, (call) => {
  const { axis: stored, valuesCount } = neededOptions(call, "PackOptions");
  const values = allInputs(call);
  if (valuesCount !== values.length) invalid(call, `it packs ${values.length} values instead of ${valuesCount}`);
  const axis = checkedAxis(call, stored, shapeOf(values[0]).length + 1);
  const shapes = values.map((value) => shapeOf(value).toSpliced(axis, 0, 1));
  if (values.length === 1) return finish(call, "reshape", values, { shape: shapes[0] });
  const parts = values.flatMap((value, index) =>
    step(call, "reshape", [value], { shape: shapes[index] }, [value.type], `part${index}`),
  );
  finish(call, "concat", parts, { axis });
});

/** UNPACK cuts into slices of size 1 along an axis and drops it. */
export const unpack = takes(1, 1, (call) => {
  const x = input(call, 0);
  const { axis: stored, num } = neededOptions(call, "UnpackOptions");
  const axis = checkedAxis(call, stored, shapeOf(x).length);
  const count = call.stored.outputs.length;
  if (num !== count || shapeOf(x)[axis] !== count) invalid(call, `it unpacks ${shapeOf(x)[axis]} slices into ${count}`);
  const sizes = new Array<number>(count).fill(1);
  const parts = step(call, "split", [x], { axis, sizes }, new Array(count).fill(x.type));
  const shape = shapeOf(x).toSpliced(axis, 1);
  for (const [position, part] of parts.entries()) finish(call, "reshape", [part], { shape }, [position]);
});

export const split = takes(2, 2, (call) => {
  const x = input(call, 1);
  const axis = axisInput(call, 0, shapeOf(x).length);
  const count = call.stored.outputs.length;
  if (shapeOf(x)[axis] % count !== 0) invalid(call, `${shapeOf(x)[axis]} elements can't be split into ${count}`);
  finish(call, "split", [x], { axis, sizes: new Array<number>(count).fill(shapeOf(x)[axis] / count) });
});

/** SPLIT_V; one size may be -1 for what is left. */
export const splitV = takes(3, 3, (call) => {
  const x = input(call, 0);
  const axis = axisInput(call, 2, shapeOf(x).length);
  const sizes = integerInput(call, 1);
  const others = sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
  finish(call, "split", [x], { axis, sizes: sizes.map((size) => (size === -1 ? shapeOf(x)[axis] - others : size)) });
});

export const broadcastTo = takes(2, 2, (call) =>
  finish(call, "expand", [input(call, 0)], { shape: integerInput(call, 1) }),
);

export const tile = takes(2, 2, (call) => finish(call, "tile", [input(call, 0)], { repeats: integerInput(call, 1) }));

/** SHAPE of data whose shape is known is a constant. */
export const shape = takes(1, 1, (call) => {
  const x = input(call, 0);
  const sizes = x.type.shape;
  const { dtype } = statedType(call);
  if (dtype !== "i32" && dtype !== "i64") invalid(call, `its result is ${dtype}, not i32`);
  const all = { start: 0, end: sizes.length };
  if (!isStatic(sizes) && dtype === "i64") return finish(call, "shapeOf", [x], all);
  if (!isStatic(sizes)) return finish(call, "cast", step(call, "shapeOf", [x], all, [{ dtype: "i64" }]), { to: dtype });
  finishConstant(call, fromNumbers(dtype, [sizes.length], sizes));
});
