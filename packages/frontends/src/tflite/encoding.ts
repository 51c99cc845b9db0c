import { type DType, elementCount, fromNumbers, numbersOf, type Quantization, type Value } from "@millrace/ir";
import {
  type Call,
  checkedAxis,
  constantInput,
  input,
  integerInput,
  invalid,
  neededOptions,
  optionsOf,
  refuse,
} from "./call.ts";
import { finish, finishConstant, step } from "./emit.ts";
import { type Importer, takes } from "./importer.ts";

/** Most elements of a table that an import makes. */
const largestTable = 2 ** 24;

/** The greatest finite number in 32 bits. */
const largestReal = (2 - 2 ** -23) * 2 ** 127;

const shapeOf = (value: Value) => value.type.shape as readonly number[];

function constant(
  call: Call,
  label: string,
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
  quantization?: Quantization,
): Value {
  return call.scope.graph.addConstant(`${call.name}/${label}`, fromNumbers(dtype, shape, values), quantization);
}

function reshaped(call: Call, x: Value, shape: readonly number[], label: string): Value {
  return step(call, "reshape", [x], { shape }, [x.type], label)[0];
}

const truth = { dtype: "bool" } as const;

/** ONE_HOT of a known depth: one value where an index along the new axis is the element, the other elsewhere. */
export const oneHot = takes(4, 4, (call) => {
  const [indices, on, off] = [input(call, 0), input(call, 2), input(call, 3)];
  const [depth] = integerInput(call, 1);
  const shape = shapeOf(indices);
  const stored = optionsOf(call, "OneHotOptions")?.axis ?? -1;
  const axis = checkedAxis(call, stored, shape.length + 1);
  if (!(depth >= 0 && depth * elementCount(shape) <= largestTable)) invalid(call, `its depth is ${depth}`);
  const places = Array.from({ length: depth }, (_, index) => index);
  const along = [...shape, 0].map((_, at) => (at === axis ? depth : 1));
  const apart = reshaped(call, indices, shape.toSpliced(axis, 0, 1), "indices");
  const table = constant(call, "places", indices.type.dtype, along, places);
  const [hot] = step(call, "equal", [apart, table], {}, [truth]);
  finish(call, "select", [hot, on, off], {});
});

/** RANGE of known numbers is a constant. */
export const range = takes(3, 3, (call) => {
  const [start, limit, delta] = [0, 1, 2].map((position) => {
    const [value] = Array.from(numbersOf(constantInput(call, position)));
    return value ?? invalid(call, `its input ${position} is empty`);
  });
  const { dtype } = input(call, 0).type;
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(count <= largestTable)) invalid(call, `it counts from ${start} to ${limit} by ${delta}`);
  const step = dtype === "f32" ? Math.fround : (x: number) => x;
  let next = start;
  const values = Array.from({ length: count }, () => {
    const value = next;
    next = step(next + delta);
    return value;
  });
  finishConstant(call, fromNumbers(dtype, [count], values));
});

function diagonalMask(call: Call, rows: number, columns: number): Value {
  if (rows * columns > largestTable) invalid(call, `its matrices are ${rows} by ${columns}`);
  const ones = Array.from({ length: rows * columns }, (_, at) => Number(Math.floor(at / columns) === at % columns));
  return constant(call, "diagonal", "bool", [rows, columns], ones);
}

/** MATRIX_DIAG: matrices of stored zeros with the rows of the operand on their diagonals. */
export const matrixDiagonal = takes(1, 1, (call) => {
  const x = input(call, 0);
  const size = shapeOf(x).at(-1) ?? invalid(call, "its operand has no axis");
  const column = reshaped(call, x, [...shapeOf(x), 1], "column");
  const zero = constant(call, "zero", x.type.dtype, [], [0], x.type.quantization);
  finish(call, "select", [diagonalMask(call, size, size), column, zero], {});
});

/** MATRIX_SET_DIAG: matrices with other numbers on their diagonals. */
export const matrixSetDiagonal = takes(2, 2, (call) => {
  const [x, diagonal] = [input(call, 0), input(call, 1)];
  const [rows, columns] = shapeOf(x).slice(-2);
  if (columns === undefined) return invalid(call, "its first operand is no matrix");
  const length = Math.min(rows, columns);
  if (shapeOf(diagonal).at(-1) !== length) invalid(call, `its diagonal [${shapeOf(diagonal)}] does not fit`);
  const whole =
    length === rows ? diagonal : step(call, "pad", [diagonal], paddingTo(diagonal, rows), [x.type], "padded")[0];
  const column = reshaped(call, whole, [...shapeOf(x).slice(0, -1), 1], "column");
  finish(call, "select", [diagonalMask(call, rows, columns), column, x], {});
});

function paddingTo(x: Value, size: number) {
  const none = shapeOf(x).map(() => 0);
  const last = none.length - 1;
  return { before: none, after: none.with(last, size - shapeOf(x)[last]), mode: "constant", value: 0 };
}

/** BUCKETIZE: how many of the ascending boundaries are not greater than the element. */
export const bucketize = takes(1, 1, (call) => {
  const x = input(call, 0);
  const { boundaries = [] } = optionsOf(call, "BucketizeOptions") ?? {};
  const column = reshaped(call, x, [...shapeOf(x), 1], "column");
  const row = constant(call, "boundaries", x.type.dtype, [boundaries.length], boundaries);
  const [reached] = step(call, "greaterEqual", [column, row], {}, [truth]);
  const [counted] = step(call, "cast", [reached], { to: "i32" }, [{ dtype: "i32" }]);
  finish(call, "sum", [counted], { axes: [shapeOf(x).length], keepDims: false });
});

/** Sums of the rows of data that have one number each, for the numbers below `count`. */
function segmentSum(call: Call, count: number): void {
  const [data, segments] = [input(call, 0), input(call, 1)];
  const rank = shapeOf(segments).length;
  const indices = reshaped(call, segments, [...shapeOf(segments), 1], "indices");
  finish(call, "scatterNd", [indices, data], { shape: [count, ...shapeOf(data).slice(rank)] });
}

/** SEGMENT_SUM of known segments: there are as many as the greatest number says. */
export const sortedSegmentSum = takes(2, 2, (call) =>
  segmentSum(
    call,
    integerInput(call, 1).reduce((most, segment) => Math.max(most, segment + 1), 0),
  ),
);

export const unsortedSegmentSum = takes(3, 3, (call) => segmentSum(call, integerInput(call, 2)[0] ?? 0));

/** What a reduction of no rows gives, as in TensorFlow Lite. */
const ofNothing = {
  reduceProd: { f32: 1, i32: 1 },
  reduceMax: { f32: -largestReal, i32: -(2 ** 31) },
  reduceMin: { f32: largestReal, i32: 2 ** 31 - 1 },
} as const;

/** UNSORTED_SEGMENT_PROD, _MAX and _MIN: for each segment, all rows are reduced, of which others' count as nothing. */
export function unsortedSegments(op: keyof typeof ofNothing): Importer {
  return takes(3, 3, (call) => {
    const [data, segments] = [input(call, 0), input(call, 1)];
    const [count = 0] = integerInput(call, 2);
    const rows = elementCount(shapeOf(segments));
    const rest = shapeOf(data).slice(shapeOf(segments).length);
    const { dtype, quantization } = data.type;
    if ((dtype !== "f32" && dtype !== "i32") || quantization)
      return refuse(
        call,
        "tflite.unsupported",
        `its data is ${quantization ? "quantized" : dtype}`,
        "Use 32-bit numbers.",
      );
    if (!(count >= 0 && count <= largestTable)) invalid(call, `it has ${count} segments`);
    const numbers = Array.from({ length: count }, (_, segment) => segment);
    const table = constant(call, "numbers", segments.type.dtype, [1, count, 1], numbers);
    const own = reshaped(call, segments, [rows, 1, 1], "segments");
    const apart = reshaped(call, data, [rows, 1, elementCount(rest)], "rows");
    const nothing = constant(call, "nothing", dtype, [], [ofNothing[op][dtype]]);
    const [mask] = step(call, "equal", [own, table], {}, [truth]);
    const [chosen] = step(call, "select", [mask, apart, nothing], {}, [data.type]);
    const reduced = step(call, op, [chosen], { axes: [0], keepDims: false }, [data.type]);
    finish(call, "reshape", reduced, { shape: [count, ...rest] });
  });
}

/** SPARSE_TO_DENSE with zeros where nothing is stored. */
export const sparseToDense = takes(4, 4, (call) => {
  const [indices, values] = [input(call, 0), input(call, 2)];
  const shape = integerInput(call, 1);
  const [rest] = Array.from(numbersOf(constantInput(call, 3)));
  if (rest !== 0) refuse(call, "tflite.unsupported", `it fills up with ${rest}`, "Fill up with zeros in the model.");
  const rows = elementCount(shapeOf(indices)) / shape.length;
  if (!Number.isInteger(rows)) invalid(call, `its indices [${shapeOf(indices)}] are no places in [${shape}]`);
  const table = reshaped(call, indices, [rows, shape.length], "rows");
  const [stored] = step(call, "expand", [values], { shape: [rows] }, [values.type]);
  finish(call, "scatterNd", [table, stored], { shape });
});

/** REVERSE_SEQUENCE of known lengths: each entry of the batch picks its first elements backwards. */
export const reverseSequence = takes(2, 2, (call) => {
  const x = input(call, 0);
  const { seqDim, batchDim } = neededOptions(call, "ReverseSequenceOptions");
  const [along, batch] = [seqDim, batchDim].map((axis) => checkedAxis(call, axis, shapeOf(x).length));
  const lengths = integerInput(call, 1);
  const size = shapeOf(x)[along];
  if (lengths.length !== shapeOf(x)[batch] || along === batch) invalid(call, `its lengths [${lengths}] do not fit`);
  const places = lengths.flatMap((length) =>
    Array.from({ length: size }, (_, at) => (at < length ? length - 1 - at : at)),
  );
  const table = constant(call, "places", "i32", [lengths.length, size], places);
  const order = [
    batch,
    ...shapeOf(x)
      .map((_, axis) => axis)
      .filter((axis) => axis !== batch),
  ];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const moved = batch === 0 ? x : step(call, "transpose", [x], { permutation: order }, [x.type], "batch")[0];
  const attributes = { axis: order.indexOf(along), batchAxes: 1 };
  if (batch === 0) return finish(call, "gatherBatched", [moved, table], attributes);
  const picked = step(call, "gatherBatched", [moved, table], attributes, [x.type], "picked");
  finish(call, "transpose", picked, { permutation: inverse });
});
