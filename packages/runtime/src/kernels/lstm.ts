import { fail, type Node, type Tensor, type Value } from "@millrace/ir";
import { lstm } from "@millrace/ops";
import { shortHyperbolicTangent, shortLogistic } from "../arithmetic/exponential.ts";
import { divideByPowerOfTwo } from "../arithmetic/fixed-point.ts";
import { type Multiplier, multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import {
  type Affine,
  affineOf,
  clampToType,
  integersOf,
  type KernelContext,
  type KernelFactory,
  resultOf,
} from "./kernel.ts";

const single = Math.fround;
const word = { minimum: -32768, maximum: 32767 };
/** Gates have 3 bits before the point: steps of 2^-12. */
const gateBits = 3;
const gateScale = 2 ** -12;

interface Rows {
  readonly length: number;
  readonly zeroPoint: number;
  readonly scales: readonly Multiplier[];
}

/** How the products of four weights with one operand come to the gates' steps. */
function rowsOf(node: Node, operand: Value, weights: readonly Value[], { rounding }: KernelContext): Rows {
  const data = affineOf(operand, node, ["i8"]);
  const scales = weights.map((value) => {
    const factor = single(single(data.scale * affineOf(value, node, ["i8"]).scale) / gateScale);
    return quantizeMultiplier(factor, rounding);
  });
  return { length: weights[0].type.shape[1] as number, zeroPoint: data.zeroPoint, scales };
}

/** The power of two that a cell's scale is. */
function cellPower(cell: Affine, node: Node): number {
  const power = Math.round(Math.log2(cell.scale));
  if (2 ** power === cell.scale && power >= -15 && power <= -9) return power;
  return fail("runtime.quantization", `lstm "${node.name}" has a cell of scale ${cell.scale}, not 2^-15 to 2^-9.`, {
    at: { node: node.name },
    hint: "Quantize the model again with TensorFlow's converter.",
  });
}

/** The product of two 16-bit numbers, shifted right with rounding and cut to 16 bits. */
function scaledProduct(a: number, b: number, shift: number): number {
  return (divideByPowerOfTwo(a * b, shift) << 16) >> 16;
}

/** Turns the four gates of one unit and its cell into the next cell (16 bits) and hidden value (8 bits). */
function unitOf(node: Node, { rounding }: KernelContext) {
  const [hidden, cell] = [affineOf(node.outputs[1], node, ["i8"]), affineOf(node.outputs[2], node, ["i16"])];
  const power = cellPower(cell, node);
  const { cellClip } = lstm.attributesOf(node);
  const limit = cellClip > 0 ? Math.trunc(Math.min(word.maximum, single(single(cellClip) / cell.scale))) : word.maximum;
  const lowest = cellClip > 0 ? -limit : word.minimum;
  const { value, shift } = quantizeMultiplier(single(2 ** -30 / hidden.scale), rounding);
  const multiply = multiplyBy[rounding];
  return {
    cell(input: number, forget: number, candidate: number, before: number): number {
      const kept = scaledProduct(shortLogistic(forget, gateBits), before, 15);
      const fresh = scaledProduct(
        shortLogistic(input, gateBits),
        shortHyperbolicTangent(candidate, gateBits),
        30 + power,
      );
      return Math.max(lowest, Math.min(limit, kept + fresh));
    },
    hidden(output: number, after: number): number {
      const product = shortLogistic(output, gateBits) * shortHyperbolicTangent(after, 15 + power);
      return clampToType(multiply(product, value, shift) + hidden.zeroPoint, hidden);
    },
  };
}

/**
 * An LSTM on 8-bit data and weights with 16-bit gates and cell, as TFLite's integer kernel computes it: products with
 * data and with the hidden state each come to 16 bits before they are added.
 */
export const integerLstm: KernelFactory = (node, context) => {
  const operands = node.inputs as Value[];
  const fromData = rowsOf(node, operands[0], operands.slice(1, 5), context);
  const fromHidden = rowsOf(node, operands[13], operands.slice(5, 9), context);
  const { timeMajor } = lstm.attributesOf(node);
  const unit = unitOf(node, context);
  const multiply = multiplyBy[context.rounding];
  const gate = (
    { length, zeroPoint, scales }: Rows,
    which: number,
    weights: ArrayLike<number>,
    row: number,
    data: ArrayLike<number>,
    at: number,
    start: number,
  ) => {
    let sum = start;
    for (let k = 0; k < length; k++) sum += weights[row * length + k] * (data[at + k] - zeroPoint);
    return multiply(sum | 0, scales[which].value, scales[which].shift);
  };
  const saturated = (x: number) => Math.max(word.minimum, Math.min(word.maximum, x));
  return (inputs, types) => {
    const tensors = inputs as Tensor[];
    const [batch, units] = tensors[13].shape;
    const steps = tensors[0].shape[timeMajor ? 0 : 1];
    const [source, ...weights] = tensors.slice(0, 13).map(integersOf);
    const [result, hidden, cell] = types.map(resultOf);
    hidden.data.set(integersOf(tensors[13]));
    cell.data.set(integersOf(tensors[14]));
    for (let at = 0; at < batch * steps; at++) {
      const [step, entry] = [Math.floor(at / batch), at % batch];
      const row = timeMajor ? at : entry * steps + step;
      const before = hidden.data.slice(entry * units, (entry + 1) * units);
      for (let index = 0; index < units; index++) {
        const place = entry * units + index;
        const [input, forget, candidate, output] = [0, 1, 2, 3].map((which) => {
          const x = gate(
            fromData,
            which,
            weights[which],
            index,
            source,
            row * fromData.length,
            weights[8 + which][index],
          );
          const h = gate(fromHidden, which, weights[4 + which], index, before, 0, 0);
          return saturated(saturated(x) + h);
        });
        cell.data[place] = unit.cell(input, forget, candidate, cell.data[place]);
        hidden.data[place] = unit.hidden(output, cell.data[place]);
        result.data[row * units + index] = hidden.data[place];
      }
    }
    return [result.tensor, hidden.tensor, cell.tensor];
  };
};
