import {
  type Attributes,
  fail,
  numbersOf,
  type Operator,
  type OperatorSample,
  printShape,
  sameShape,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { dimensions, flag, oneOf, real } from "./attributes.ts";
import { cumulativeSum } from "./cumulative-sum.ts";
import { defineOp, many, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { pad } from "./pad.ts";
import { mean, reduceMax, reduceMin, reduceProd, sum } from "./reduce.ts";
import { float } from "./rules.ts";
import { slice } from "./slice.ts";

type Numbers = readonly number[];

interface Row {
  /** The operator that the node is once its parameters are known. */
  readonly base: Operator;
  /** How many integer inputs follow x. */
  readonly parameters: number;
  /** Attributes of the base that are known before. */
  readonly attributes: Operator["attributes"];
  /** All attributes of the base, for the shape of x and the numbers in its parameters. */
  resolve(shape: Numbers, parameters: readonly Numbers[], known: Attributes): Attributes;
  readonly samples: readonly OperatorSample[];
}

const fromFront = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
const pairs = [
  [1, 2],
  [3, 5],
];

function reduction(base: Operator, [first, second]: readonly [number, number]): Row {
  return {
    base,
    parameters: 1,
    attributes: { keepDims: flag },
    resolve: ({ length }, [axes], known) => ({
      ...known,
      axes: [...new Set(axes.map((axis) => fromFront(axis, length)))].sort((a, b) => a - b),
    }),
    samples: [
      {
        name: "the last axis",
        attributes: { keepDims: true, shape: [2, 1] },
        inputs: [f32(pairs), i32([-1])],
        outputs: [f32([[first], [second]])],
      },
    ],
  };
}

/** What is read from `begin` to before `end`, counted as by Python, of an axis of `size`. */
function rangeOf(size: number, begin: number, end: number, step: number) {
  const [least, most] = step > 0 ? [0, size] : [-1, size - 1];
  const within = (at: number) => Math.min(most, Math.max(least, at < 0 ? at + size : at));
  const count = Math.max(0, Math.ceil((within(end) - within(begin)) / step));
  return { start: count === 0 ? 0 : within(begin), count };
}

const rows = {
  dynamicMean: reduction(mean, [1.5, 4]),
  dynamicSum: reduction(sum, [3, 8]),
  dynamicReduceMax: reduction(reduceMax, [2, 5]),
  dynamicReduceMin: reduction(reduceMin, [1, 3]),
  dynamicReduceProd: reduction(reduceProd, [2, 15]),
  dynamicCumulativeSum: {
    base: cumulativeSum,
    parameters: 1,
    attributes: { exclusive: flag, reverse: flag },
    resolve: ({ length }, [[axis]], known) => ({ ...known, axis: fromFront(axis, length) }),
    samples: [
      {
        name: "the first axis",
        attributes: { exclusive: false, reverse: false, shape: [2, 2] },
        inputs: [f32(pairs), i32([0])],
        outputs: [
          f32([
            [1, 2],
            [4, 7],
          ]),
        ],
      },
    ],
  },
  /** One parameter of shape [rank, 2]: what is added before and after each axis. */
  dynamicPad: {
    base: pad,
    parameters: 1,
    attributes: { mode: oneOf("constant", "reflect", "symmetric", "edge"), value: real },
    resolve: (_, [counts], known) => ({
      ...known,
      before: counts.filter((_, at) => at % 2 === 0),
      after: counts.filter((_, at) => at % 2 === 1),
    }),
    samples: [
      {
        name: "a column",
        attributes: { mode: "constant", value: 0, shape: [2, 3] },
        inputs: [
          f32(pairs),
          i32([
            [0, 0],
            [1, 0],
          ]),
        ],
        outputs: [
          f32([
            [0, 1, 2],
            [0, 3, 5],
          ]),
        ],
      },
    ],
  },
  /** Begin, end and step of each axis; what is negative counts from the end, what is too large stops there. */
  dynamicSlice: {
    base: slice,
    parameters: 3,
    attributes: {},
    resolve(shape, [begins, ends, steps]) {
      const ranges = shape.map((size, axis) => rangeOf(size, begins[axis], ends[axis], steps[axis]));
      return { starts: ranges.map(({ start }) => start), sizes: ranges.map(({ count }) => count), steps };
    },
    samples: [
      {
        name: "the last column, backwards",
        attributes: { shape: [2, 1] },
        inputs: [f32(pairs), i32([1, -1]), i32([-9, 9]), i32([-1, 1])],
        outputs: [f32([[5], [2]])],
      },
    ],
  },
} satisfies Record<string, Row>;

function standIn({ dtype, shape }: Tensor): Value {
  return { name: "x", type: { dtype, shape }, uses: new Set() };
}

/** The base's attributes for these inputs. Throws a diagnostic if it can't take them, or if its result would have another shape than stated. */
function resolved({ base, resolve }: Row, x: Tensor, parameters: readonly Tensor[], { shape, ...known }: Attributes) {
  const numbers = parameters.map((parameter) => Array.from(numbersOf(parameter)));
  const attributes = resolve(x.shape, numbers, known);
  const [problem] = base.check([standIn(x)], attributes);
  const hint = "Check the inputs that this node's parameters are computed from.";
  if (problem)
    fail("ops.parameter", `A parameter computed while the model runs does not fit ${base.name}: ${problem}`, { hint });
  const [type] = base.infer([standIn(x)], attributes);
  if (!sameShape(type.shape, shape as Numbers)) {
    const shapes = `${printShape(type.shape)} instead of ${printShape(shape as Numbers)}`;
    fail("ops.parameter", `Parameters computed while the model runs make the result of ${base.name} ${shapes}`, {
      hint,
    });
  }
  return { attributes, type };
}

/** `row.base` with parameters that are inputs. The shape of its result has to be known. */
function dynamic(name: string, row: Row) {
  const { base, parameters, samples } = row;
  return defineOp({
    name,
    inputs: { x: one(...(base.inputs[0].dtypes ?? [])), parameters: many("i32", "i64") },
    attributes: { ...row.attributes, shape: dimensions },
    quantization: float("its parameters are computed while the model runs"),
    check: [[`it has ${parameters} parameters`, (inputs) => inputs.parameters.length === parameters]],
    infer: ({ x }, { shape }) => ({ dtype: x.type.dtype, shape }),
    evaluate(inputs, known) {
      const { attributes, type } = resolved(row, inputs.x, inputs.parameters, known as Attributes);
      return base.evaluate!([inputs.x], attributes, [type]);
    },
    samples,
  });
}

const family = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, dynamic(name, row)]));

/** Operators whose parameters are computed while the model runs, by name. */
export const dynamicOperators = family as Readonly<Record<keyof typeof rows, ReturnType<typeof dynamic>>>;

export const {
  dynamicMean,
  dynamicSum,
  dynamicReduceMax,
  dynamicReduceMin,
  dynamicReduceProd,
  dynamicCumulativeSum,
  dynamicPad,
  dynamicSlice,
} = dynamicOperators;
