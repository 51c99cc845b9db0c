import { invertPermutation, type Node, permute, type Tensor, type Value } from "@millrace/ir";
import { toChannelsLast, transposeTensor } from "@millrace/ops";
import type { Kernel, KernelFactory } from "./kernel.ts";

function moved(value: Value | undefined, permutation: readonly number[] | undefined): Value | undefined {
  if (value === undefined || permutation === undefined) return value;
  const { quantization } = value.type;
  const axis = quantization?.axis === undefined ? undefined : permutation.indexOf(quantization.axis);
  return {
    ...value,
    type: {
      ...value.type,
      shape: permute(value.type.shape, permutation),
      ...(quantization && { quantization: { ...quantization, ...(axis !== undefined && { axis }) } }),
    },
    constant: value.constant && transposeTensor(value.constant, permutation),
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
      inputs: node.inputs.map((value, index) => moved(value, inputs[index])),
      outputs: node.outputs.map((value, index) => moved(value, outputs[index]) as Value),
    };
    return aroundPermutations(factory(twin, context), node, inputs, outputs, attributes);
  };
}

function aroundPermutations(
  kernel: Kernel,
  node: Node,
  inputs: readonly (readonly number[] | undefined)[],
  outputs: readonly (readonly number[] | undefined)[],
  attributes: Node["attributes"],
): Kernel {
  const arrange = (tensor: Tensor | undefined, index: number) => {
    const permutation = inputs[index];
    return tensor && permutation && !node.inputs[index]?.constant ? transposeTensor(tensor, permutation) : tensor;
  };
  return (tensors, types) =>
    kernel(
      tensors.map(arrange),
      types.map((type, index) => {
        const permutation = outputs[index];
        return permutation ? { ...type, shape: permute(type.shape, permutation) } : type;
      }),
      attributes,
    ).map((result, index) => {
      const permutation = outputs[index];
      return permutation ? transposeTensor(result, invertPermutation(permutation)) : result;
    });
}
