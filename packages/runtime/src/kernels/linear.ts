import { allocate, elementCount, isFloat, type Node, type Value } from "@millrace/ir";
import { blockwiseLinear } from "./blockwise-linear.ts";
import { fromValue } from "./constant.ts";
import { type FinishFactory, integerFinish, realFinish, type Scaling } from "./finish.ts";
import { type DynamicKind, hybrid } from "./hybrid.ts";
import { affineOf, type Kernel, type KernelContext, type KernelFactory } from "./kernel.ts";
import { arrangeProducts } from "./products.ts";
import { multiplyRows } from "./rows.ts";
import { type Center, centeredCopy, centerOf } from "./scratch.ts";
import { largestOf, weightZeroPoint } from "./weights.ts";

function linear(node: Node, finishOf: FinishFactory, center: Center): Kernel {
  const [x, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const zero = weightZeroPoint(weights);
  const arranged = fromValue(weights, (tensor) => {
    const values = centeredCopy(tensor!.data, zero);
    return arrangeProducts(values, tensor!.shape[0], tensor!.shape[1], largestOf(x));
  });
  const finishing = fromValue(bias, finishOf);
  return ([data, filter, offsets], [output]) => {
    const shape = output.shape as readonly number[];
    const result = allocate(output.dtype, elementCount(shape));
    const products = arranged(filter);
    const source = center(data!, products.length);
    multiplyRows(source, 0, result.length / products.rows, products, finishing(offsets), result, 0);
    return [{ dtype: output.dtype, shape, data: result }];
  };
}

function channelsOf(node: Node): number {
  return (node.inputs[1] as Value).type.shape[0] as number;
}

/** The scaling of fully connected layers. */
export function linearScaling(node: Node, { flavor }: KernelContext): Scaling {
  const single = (node.inputs[1] as Value).type.quantization?.scale.length === 1;
  const kind = flavor === "tflite" ? "real" : single ? "legacy" : "multiplier";
  return { channels: channelsOf(node), kind, narrow: true };
}

/** Reals meet integer weights as bytes, row by row. */
function dynamicLinear(node: Node, { scratch }: KernelContext, kind: DynamicKind): Kernel {
  const entries = { data: () => node.inputs[1]!.type.shape[1] as number, result: channelsOf(node) };
  const { center, finish } = hybrid(node, scratch, kind, entries);
  return linear(node, finish, center);
}

export const asymmetricLinear: KernelFactory = (node, context) =>
  node.inputs[1]!.type.quantization?.block === undefined
    ? dynamicLinear(node, context, "asymmetric")
    : blockwiseLinear(node, context);

/** Fully connected layer on stored integers; reals meet integer weights as bytes around zero. */
export const integerLinear: KernelFactory = (node, context) => {
  const [x] = node.inputs as [Value, Value];
  if (isFloat(x.type.dtype)) return dynamicLinear(node, context, "symmetric");
  const finish = integerFinish(node, linearScaling(node, context), context);
  return linear(node, finish, centerOf(context.scratch, affineOf(x, node).zeroPoint));
};

/** Fully connected layer on float32 values, summed in double precision. */
export const realLinear: KernelFactory = (node, context) =>
  linear(node, realFinish(node, channelsOf(node)), centerOf(context.scratch, 0));
