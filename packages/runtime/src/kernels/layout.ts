import { invertPermutation, type Node, permute, type Tensor, type Value } from "@millrace/ir";
import { toChannelsLast, transposeTensor } from "@millrace/ops";
import { fromValue } from "./constant.ts";
import type { Kernel, KernelFactory } from "./kernel.ts";

type Permutation = readonly number[] | undefined;

function permuted(tensor: Tensor | undefined, permutation: Permutation): Tensor | undefined {
  return tensor && permutation ? transposeTensor(tensor, permutation) : tensor;
}

function moved(value: Value, permutation: Permutation): Value {
  if (permutation === undefined) return value;
  const { dtype, shape, quantization } = value.type;
  const axis = quantization?.axis;
  return {
    ...value,
    type: {
      dtype,
      shape: permute(shape, permutation),
      ...(quantization && {
        quantization: { ...quantization, ...(axis !== undefined && { axis: permutation.indexOf(axis) }) },
      }),
    },
    constant: permuted(value.constant, permutation),
  };
}

/** A kernel written for channel-last data, for nodes of either layout: channel-first values are permuted around it. */
export function channelsLast(factory: KernelFactory): KernelFactory {
  return (node, context) => {
    if (node.attributes.layout === "last") return factory(node, context);
    const transposed = node.op.transposed(node.inputs, node.attributes, toChannelsLast);
    if (transposed === undefined) throw new Error(`${node.op.name} can't change its layout`);
    const { attributes, inputs, outputs } = transposed;
    const twin: Node = {
      ...node,
      attributes,
      inputs: node.inputs.map((value, index) => value && moved(value, inputs[index])),
      outputs: node.outputs.map((value, index) => moved(value, outputs[index])),
    };
    const arrange = node.inputs.map((value, index) => fromValue(value, (tensor) => permuted(tensor, inputs[index])));
    return between(arrange, factory(twin, context), outputs, attributes);
  };
}

function between(
  arrange: readonly ((tensor: Tensor | undefined) => Tensor | undefined)[],
  kernel: Kernel,
  permutations: readonly Permutation[],
  attributes: Node["attributes"],
): Kernel {
  return (inputs, outputs) => {
    const types = outputs.map((type, index) => {
      const permutation = permutations[index];
      return permutation ? { ...type, shape: permute(type.shape, permutation) } : type;
    });
    const arranged = inputs.map((tensor, index) => arrange[index](tensor));
    return kernel(arranged, types, attributes).map((result, index) => {
      const permutation = permutations[index];
      return permutation ? transposeTensor(result, invertPermutation(permutation)) : result;
    });
  };
}
