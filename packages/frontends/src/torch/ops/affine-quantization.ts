import { type Dimension, type DType, divideDimensions, fromNumbers, type Value } from "@millrace/ir";
import { add } from "@millrace/ops";
import { plain } from "../../onnx/ops/elementwise.ts";
import { dequantized, type Parameters, quantized } from "../../onnx/ops/quantization-parameters.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { type Choice, chosenParameters, epsilon } from "./chosen-parameters.ts";
import { overloads } from "./overloads.ts";
import { limitsOf, zeroPointOf } from "./quantization.ts";

/** Data in blocks of neighbours that share parameters. */
interface Blocks {
  /** The shape of the data with each axis of several blocks, none of which is a single number, as two: blocks, and what is in them. */
  readonly apart: readonly Dimension[];
  /** Axes of that shape within blocks. */
  readonly inner: readonly number[];
  /** Axes of the data that are divided so. */
  readonly divided: readonly number[];
  readonly sizes: readonly number[];
}

function blocksOf(call: Call, { type: { shape } }: Value): Blocks {
  const sizes = call.arguments.integers("block_size");
  if (sizes.length !== shape.length)
    return call.invalid(`its block_size has ${sizes.length} entries for ${shape.length} axes`);
  const apart: Dimension[] = [];
  const [inner, divided]: [number[], number[]] = [[], []];
  for (const [axis, size] of shape.entries()) {
    const block = sizes[axis];
    if (!(block > 0) || (typeof size === "number" && size % block !== 0))
      return call.invalid(`blocks of ${block} do not fill its axis of ${size}`);
    if (block === 1 || block === size) apart.push(size);
    else {
      apart.push(divideDimensions(size, block), block);
      divided.push(axis);
    }
    if (block !== 1) inner.push(apart.length - 1);
  }
  return { apart, inner, divided, sizes };
}

/** The entries of each block, in a shape that broadcasts against data in blocks. */
function broadcasting({ apart, inner }: Blocks): readonly Dimension[] {
  return apart.map((size, axis) => (inner.includes(axis) ? 1 : size));
}

/** Parameters of data as they are, or, with `apart`, of data in blocks. */
interface Given {
  readonly parameters: Parameters;
  readonly apart?: readonly Dimension[];
}

function parametersOf(call: Call, x: Value, stored: DType, blocks: Blocks): Given {
  const { shape } = x.type;
  const { apart, inner, divided, sizes } = blocks;
  const zeroPoint = call.arguments.optionalTensor("zero_point");
  const entries = (entryShape: readonly Dimension[], axis = 0, blockSize = 0): Parameters => ({
    scale: reshaped(call.writer, call.realOf(call.arguments.tensor("scale")), entryShape),
    zeroPoint: zeroPoint && reshaped(call.writer, zeroPointOf(call, zeroPoint, stored), entryShape),
    axis,
    blockSize,
  });
  const outer = [...apart.keys()].filter((axis) => !inner.includes(axis));
  if (divided.length === 0 && outer.length <= 1)
    return {
      parameters: entries(
        outer.map((axis) => shape[axis]),
        outer[0],
      ),
    };
  const [axis] = divided;
  if (divided.length === 1 && inner.length === 1)
    return {
      parameters: entries(
        shape.map((size, at) => divideDimensions(size, sizes[at])),
        axis,
        sizes[axis],
      ),
    };
  return { parameters: entries(broadcasting(blocks)), ...(divided.length > 0 && { apart }) };
}

/** The integers of reals with a zero point among them. */
const quantization: Handler = (call) => {
  const x = call.realOf(call.arguments.tensor("input"));
  const dtype = call.arguments.dtype("output_dtype") ?? call.invalid("it has no output_dtype");
  if (domainOf(call) === "FLOAT")
    call.unsupported("its zero point is a real number", "Quantize with zero points that are integers.");
  const { parameters, apart } = parametersOf(call, x, dtype, blocksOf(call, x));
  const data = apart ? reshaped(call.writer, x, apart) : x;
  const stored = quantized(call.writer, data, dtype, { ...parameters, limits: limitsOf(call, dtype) });
  return apart ? reshaped(call.writer, stored, x.type.shape) : stored;
};

const dequantization: Handler = (call) => {
  const x = call.arguments.tensor("input");
  const blocks = blocksOf(call, x);
  if (domainOf(call) === "FLOAT") return aroundReals(call, x, blocks);
  const { parameters, apart } = parametersOf(call, x, x.type.dtype, blocks);
  const reals = dequantized(call.writer, apart ? reshaped(call.writer, x, apart) : x, parameters);
  return apart ? reshaped(call.writer, reals, x.type.shape) : reals;
};

/** Integers around the middle of their range, which stands for the zero point, a real number. */
function aroundReals(call: Call, x: Value, blocks: Blocks): Value {
  const { dtype, shape } = x.type;
  const [least, greatest] = limitsOf(call, dtype);
  const middle = Math.floor((least + greatest + 1) / 2);
  const entries = broadcasting(blocks);
  const scale = reshaped(call.writer, call.realOf(call.arguments.tensor("scale")), entries);
  const zeroPoint = call.writer.constant(fromNumbers(dtype, [], [middle]));
  const data = reshaped(call.writer, x, blocks.apart);
  const reals = dequantized(call.writer, data, { scale, zeroPoint, axis: 0, blockSize: 0 });
  const offset = reshaped(call.writer, call.realOf(call.arguments.tensor("zero_point")), entries);
  return reshaped(call.writer, call.compute(add, [reals, offset], plain), shape);
}

function domainOf(call: Call): string {
  return call.arguments.has("zero_point_domain") ? call.arguments.text("zero_point_domain") : "NONE";
}

const mappings: ReadonlyMap<string, Choice["mapping"]> = new Map([
  ["SYMMETRIC", "symmetric"],
  ["SYMMETRIC_NO_CLIPPING_ERR", "unclipped"],
  ["ASYMMETRIC", "asymmetric"],
]);

/** The scale and the zero point of each block. */
const choice: Handler = (call) => {
  const { arguments: given } = call;
  const x = call.realOf(given.tensor("input"));
  const dtype = given.dtype("target_dtype") ?? call.invalid("it has no target_dtype");
  const name = given.text("mapping_type");
  const mapping = mappings.get(name) ?? call.unsupported(`its mapping type is ${name}`, "Use SYMMETRIC or ASYMMETRIC.");
  if (domainOf(call) === "FLOAT" || !given.flag("preserve_zero"))
    call.unsupported("its zero point is a real number", "Choose zero points that are integers.");
  const limits = limitsOf(call, dtype);
  const { apart, inner } = blocksOf(call, x);
  const zeroPoint = Math.trunc((limits[0] + limits[1] + 1) / 2);
  const leastScale = given.optionalReal("eps") ?? epsilon;
  return chosenParameters(call, reshaped(call.writer, x, apart), inner, { mapping, limits, leastScale, zeroPoint });
};

const libraries = ["torchao", "pt2e_quant"];

/** Quantization in blocks of any shape as torchao has it, by overload. */
export const affineQuantizations: Readonly<Record<string, Handler>> = Object.assign(
  {},
  ...libraries.map((library) => ({
    ...overloads(`${library}.choose_qparams_affine`, ["default"], choice),
    ...overloads(`${library}.quantize_affine`, ["default"], quantization),
    ...overloads(`${library}.dequantize_affine`, ["default"], dequantization),
  })),
);
