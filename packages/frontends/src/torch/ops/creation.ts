import {
  allocate,
  type DType,
  elementCount,
  fromNumbers,
  isFloat,
  isStatic,
  type Shape,
  type Value,
} from "@millrace/ir";
import { expand } from "@millrace/ops";
import type { Call, Handler } from "../call.ts";
import type { Scalar } from "../types.ts";
import { overloads } from "./overloads.ts";
import { expanded } from "./shapes.ts";

const usualTypes = { bool: "bool", integer: "i64", real: "f32" } as const;

/** A constant with one number everywhere; of open sizes, the number expanded to them. */
function filled(call: Call, shape: Shape, value: number, dtype: DType): Value {
  const one = fromNumbers(dtype, [], [value]);
  if (!isStatic(shape)) return call.compute(expand, [call.writer.constant(one)], { shape });
  const count = elementCount(shape);
  if (!shape.every((size) => size >= 0)) return call.invalid(`[${shape}] is not a shape`);
  call.count(count);
  const data = allocate(dtype, count);
  if (value !== 0) (data as Float32Array).fill(one.data[0] as number);
  return call.writer.constant({ dtype, shape, data });
}

/** Filled with a number of the operator's own, or with one that is given. */
function ofSize(own?: number): Handler {
  return (call) => {
    const scalar: Scalar = own === undefined ? call.arguments.scalar("fill_value") : { value: own, kind: "real" };
    const dtype = call.arguments.dtype("dtype") ?? usualTypes[scalar.kind];
    return filled(call, call.arguments.sizes("size"), scalar.value, dtype);
  };
}

function likeSelf(own?: number): Handler {
  return (call) => {
    const { dtype, shape } = call.arguments.tensor("self").type;
    const sizes = call.arguments.given("size") ? call.arguments.sizes("size") : shape;
    return filled(call, sizes, own ?? call.arguments.real("fill_value"), call.arguments.dtype("dtype") ?? dtype);
  };
}

/** The tensor's shape and type with a number everywhere. */
function filling(call: Call): Value {
  const { dtype, shape } = call.arguments.tensor("self").type;
  const value = call.valueOf(call.arguments.operand("value"), dtype);
  const number = value.constant;
  return number ? filled(call, shape, Number(number.data[0]), dtype) : expanded(call, value, shape);
}

function zeroed(call: Call): Value {
  const { dtype, shape } = call.arguments.tensor("self").type;
  return filled(call, shape, 0, dtype);
}

function counting(call: Call): Value {
  const { arguments: given } = call;
  const start: Scalar = given.given("start") ? given.scalar("start") : { kind: "integer", value: 0 };
  const step: Scalar = given.given("step") ? given.scalar("step") : { kind: "integer", value: 1 };
  const end = given.scalar("end");
  const isReal = [start, end, step].some(({ kind }) => kind === "real");
  const dtype = given.dtype("dtype") ?? (isReal ? "f32" : "i64");
  const count = Math.max(0, Math.ceil((end.value - start.value) / step.value));
  return series(call, count, dtype, (index) => start.value + index * step.value);
}

function evenly(call: Call): Value {
  const { arguments: given } = call;
  const [start, end, steps] = [given.real("start"), given.real("end"), given.integer("steps")];
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  const dtype = given.dtype("dtype") ?? "f32";
  return series(call, steps, dtype, (index) =>
    index < steps / 2 ? start + index * step : end - (steps - 1 - index) * step,
  );
}

function series(call: Call, count: number, dtype: DType, element: (index: number) => number): Value {
  call.count(count);
  const whole = (number: number) => (isFloat(dtype) ? number : Math.trunc(number));
  const numbers = Float64Array.from({ length: count }, (_, index) => whole(element(index)));
  return call.writer.constant(fromNumbers(dtype, [count], numbers));
}

function identity(call: Call): Value {
  const { arguments: given } = call;
  const rows = given.integer("n");
  const columns = given.given("m") ? given.integer("m") : rows;
  call.count(call.count(rows) * call.count(columns));
  const ones = Float64Array.from({ length: rows * columns }, (_, at) =>
    Number(Math.floor(at / columns) === at % columns),
  );
  return call.writer.constant(fromNumbers(given.dtype("dtype") ?? "f32", [rows, columns], ones));
}

function scalar(call: Call): Value {
  const given = call.arguments.scalar("s");
  const dtype = call.arguments.dtype("dtype") ?? usualTypes[given.kind];
  return call.writer.constant(fromNumbers(dtype, [], [given.value]));
}

/** Operators that make tensors out of numbers, by overload; what is in an empty one nobody may rely on. */
export const creations: Readonly<Record<string, Handler>> = {
  "aten.full.default": ofSize(),
  "aten.zeros.default": ofSize(0),
  "aten.ones.default": ofSize(1),
  "aten.empty.memory_format": ofSize(0),
  "aten.empty_permuted.default": ofSize(0),
  "dim_order_ops._empty_dim_order.default": ofSize(0),
  "aten.full_like.default": likeSelf(),
  "aten.zeros_like.default": likeSelf(0),
  "aten.ones_like.default": likeSelf(1),
  "aten.empty_like.default": likeSelf(0),
  "aten.new_full.default": likeSelf(),
  "aten.new_zeros.default": likeSelf(0),
  "aten.new_ones.default": likeSelf(1),
  "aten.new_empty.default": likeSelf(0),
  ...overloads("aten.fill", ["Scalar", "Tensor"], filling),
  "aten.zero.default": zeroed,
  ...overloads("aten.arange", ["default", "start", "start_step"], counting),
  "aten.linspace.default": evenly,
  ...overloads("aten.eye", ["default", "m"], identity),
  "aten.scalar_tensor.default": scalar,
};
