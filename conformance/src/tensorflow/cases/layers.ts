import { type DType, perTensor } from "@millrace/ir";
import { bias, type OperatorCase, plain, type Shape, tensor, vector, weights } from "../operator-case.ts";
import type { Random } from "../random.ts";
import type { Operand } from "../single-operator.ts";
import { activations, windowed, windows } from "./windows.ts";

/** Types of data, weights and bias, and whether weights have a scale for each channel. */
interface Types {
  readonly x: DType;
  readonly weights: DType;
  readonly bias?: DType;
  readonly perAxis?: boolean;
}

const types: readonly Types[] = [
  { x: "f32", weights: "f32", bias: "f32" },
  { x: "f32", weights: "f32" },
  { x: "i8", weights: "i8", bias: "i32", perAxis: true },
  { x: "i8", weights: "i8", perAxis: true },
  { x: "i8", weights: "i8", bias: "i32" },
  { x: "i16", weights: "i8", bias: "i64", perAxis: true },
  { x: "i16", weights: "i8", bias: "i32", perAxis: true },
  { x: "i16", weights: "i8", perAxis: true },
  { x: "u8", weights: "u8", bias: "i32" },
  { x: "i8", weights: "i4", bias: "i32", perAxis: true },
  { x: "f32", weights: "i8", bias: "f32" },
  { x: "f32", weights: "i8", bias: "f32", perAxis: true },
];

const label = ({ x, weights: filter, bias: offsets, perAxis }: Types) =>
  `${x} ${filter} ${offsets ?? "no bias"}${perAxis ? " per channel" : ""}`;

function filterOf(random: Random, { x, weights: dtype, perAxis = false }: Types, shape: Shape, axis: number): Operand {
  if (x !== "u8") return weights(random, dtype, shape, perAxis ? axis : undefined);
  return {
    dtype,
    shape,
    constant: "random",
    quantization: perTensor(2 ** random.between(-9, -5), random.integer(0, 255)),
  };
}

/** A result scale that the sums of `count` products mostly fit. */
function resultOf(random: Random, dtype: DType, shape: Shape, x: Operand, filter: Operand, count: number): Operand {
  if (!x.quantization || !filter.quantization) return plain(dtype, shape);
  const reach = x.quantization.scale[0] * filter.quantization.scale[0] * Math.sqrt(count) * 4000;
  const scale = (reach * random.between(0.5, 2)) / 128;
  return plain(dtype, shape, { quantization: random.quantization(dtype, dtype === "i16" ? scale * 256 : scale) });
}

const newer = "TensorFlow Lite 2.14 does not know the version with a bias type";

/** TensorFlow's reference CONV_2D wants a bias; DEPTHWISE_CONV_2D a wide one for 16 bits; real data meet bytes in the forms that its converter makes. */
function isKnown({ x, weights: filter, bias: offsets, perAxis }: Types, deep: boolean, groups: number): boolean {
  if (!deep && !offsets) return false;
  if (x === "f32" && filter === "i8") return perAxis || (!deep && groups === 1);
  return !(deep && x === "i16" && offsets === "i32");
}

/** A convolution whose weights stand in the order of the operator. */
function convolutions(operator: "CONV_2D" | "DEPTHWISE_CONV_2D", multiple: number, groups = 1): OperatorCase[] {
  const deep = operator === "DEPTHWISE_CONV_2D";
  return types
    .filter((each) => isKnown(each, deep, groups))
    .flatMap((each) =>
      windows.map((window, at): OperatorCase => {
        const fusedActivationFunction = activations[at];
        return {
          operator,
          name: `${label(each)}, window ${at}, ${multiple}${groups > 1 ? ` in ${groups} groups` : ""}`,
          ...(!deep && each.x === "i16" && each.bias === "i32" && { unwritten: newer }),
          tolerance: 1e-4,
          make(random) {
            const { from, kernel, stride, dilation, padding } = window;
            const x = tensor(random, each.x, from);
            const channels = deep ? from[3] * multiple : multiple;
            const shape = deep ? [1, ...kernel, channels] : [channels, ...kernel, from[3] / groups];
            const filter = filterOf(random, each, shape, deep ? 3 : 0);
            const count = kernel[0] * kernel[1] * (deep ? 1 : from[3]);
            const size = [from[0], windowed(window, 0), windowed(window, 1), channels];
            const y = resultOf(random, each.x, size, x, filter, count);
            const strides = {
              strideH: stride[0],
              strideW: stride[1],
              dilationHFactor: dilation[0],
              dilationWFactor: dilation[1],
            };
            const shared = { padding, ...strides, fusedActivationFunction };
            return {
              inputs: [x, filter, ...(each.bias ? [bias(each.bias, x, filter, channels)] : [])],
              outputs: [y],
              options: deep
                ? { kind: "DepthwiseConv2DOptions", ...shared, depthMultiplier: multiple }
                : {
                    kind: "Conv2DOptions",
                    ...shared,
                    ...(each.x === "i16" && each.bias === "i32" && { quantizedBiasType: "INT32" }),
                  },
            };
          },
        };
      }),
    );
}

const fullyConnectedTypes = types.filter(
  ({ bias: offsets, x, weights: filter, perAxis }) =>
    filter !== "i4" && !(x === "i16" && offsets === "i32") && !(x === "f32" && filter === "i8" && perAxis),
);

const fullyConnected = fullyConnectedTypes.flatMap((each) =>
  (
    [
      [[5, 12], [5, 7], false],
      [[2, 3, 12], [2, 3, 7], true],
      [[2, 3, 4], [2, 7], false],
      [[1, 200], [1, 7], false],
    ] as const
  ).flatMap(([from, to, keepNumDims]) =>
    [false, true]
      .filter(() => !(each.perAxis && keepNumDims))
      .filter((asymmetric) => !asymmetric || (each.x === "f32" && each.weights === "i8"))
      .map(
        (asymmetricQuantizeInputs): OperatorCase => ({
          operator: "FULLY_CONNECTED",
          name: `${label(each)} [${from}]${asymmetricQuantizeInputs ? " asymmetric" : ""}`,
          tolerance: 1e-4,
          ...(each.x !== "f32" && { flavor: "tflm" as const }),
          make(random) {
            const x = tensor(random, each.x, from);
            const depth = from.at(-1) === 4 ? 12 : from.at(-1)!;
            const filter = filterOf(random, each, [7, depth], 0);
            const fusedActivationFunction = random.pick(activations);
            return {
              inputs: [x, filter, each.bias ? bias(each.bias, x, filter, 7) : undefined],
              outputs: [resultOf(random, each.x, to, x, filter, depth)],
              options: {
                kind: "FullyConnectedOptions",
                keepNumDims,
                asymmetricQuantizeInputs,
                fusedActivationFunction,
              },
            };
          },
        }),
      ),
  ),
);

const transposed = types
  .filter(({ weights: filter, x }) => filter !== "i4" && !(x === "f32" && filter === "i8"))
  .flatMap((each) =>
    (
      [
        [[1, 1], "SAME", [2, 5, 4, 6]],
        [[2, 2], "SAME", [2, 10, 8, 6]],
        [[2, 1], "VALID", [2, 11, 6, 6]],
        [[3, 2], "VALID", [2, 15, 9, 6]],
      ] as const
    ).map(
      ([stride, padding, to]): OperatorCase => ({
        operator: "TRANSPOSE_CONV",
        ...(each.x === "i16" && each.bias === "i32" && { unwritten: newer }),
        name: `${label(each)}, stride ${stride}, ${padding}`,
        tolerance: 1e-4,
        ...(!each.bias && { flavor: "tflite" as const }),
        make(random) {
          const x = tensor(random, each.x, [2, 5, 4, 3]);
          const filter = filterOf(random, each, [6, 3, 3, 3], 0);
          return {
            inputs: [vector(to), filter, x, ...(each.bias ? [bias(each.bias, x, filter, 6)] : [])],
            outputs: [resultOf(random, each.x, to, x, filter, 9)],
            options: {
              kind: "TransposeConvOptions",
              padding,
              strideH: stride[0],
              strideW: stride[1],
              fusedActivationFunction: "NONE",
            },
          };
        },
      }),
    ),
  );

const factors: readonly (readonly [Shape, Shape, Shape])[] = [
  [
    [3, 4],
    [4, 5],
    [3, 5],
  ],
  [
    [2, 3, 4],
    [2, 4, 5],
    [2, 3, 5],
  ],
  [
    [2, 3, 4],
    [1, 4, 5],
    [2, 3, 5],
  ],
  [
    [1, 2, 3, 4],
    [3, 1, 4, 2],
    [3, 2, 3, 2],
  ],
  [
    [2, 2, 3, 4],
    [2, 2, 4, 2],
    [2, 2, 3, 2],
  ],
];

const exchanged = (shape: Shape, swap: boolean) =>
  swap ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;

/** TensorFlow Lite 2.14 leaves results unset where batches differ and the first factor is exchanged. */
const products = (["f32", "i8", "i16"] as const).flatMap((dtype) =>
  factors.flatMap(([a, b, to]) =>
    (a[0] === b[0] || a.length === 2 ? [0, 1, 2, 3] : [0, 2]).map(
      (adjoint): OperatorCase => ({
        operator: "BATCH_MATMUL",
        name: `${dtype} [${a}] [${b}] ${adjoint}`,
        tolerance: 1e-5,
        make(random) {
          const [adjX, adjY] = [adjoint % 2 === 1, adjoint > 1];
          const [x, y] = [tensor(random, dtype, exchanged(a, adjX)), tensor(random, dtype, exchanged(b, adjY))];
          return {
            inputs: [x, y],
            outputs: [resultOf(random, dtype, to, x, y, 4)],
            options: { kind: "BatchMatMulOptions", adjX, adjY },
          };
        },
      }),
    ),
  ),
);

/** Layers with weights, and products of matrices. */
export const layerCases: readonly OperatorCase[] = [
  ...convolutions("CONV_2D", 5),
  ...convolutions("CONV_2D", 6, 2),
  ...convolutions("DEPTHWISE_CONV_2D", 1),
  ...convolutions("DEPTHWISE_CONV_2D", 2),
  ...fullyConnected,
  ...transposed,
  ...products,
];
