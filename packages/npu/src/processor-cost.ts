import { elementCount, isFloat, isStatic, type Node, type Value } from "@millrace/ir";
import type { OpName } from "@millrace/ops";
import { isDepthwise } from "./lowering/shared-rules.ts";
import type { Processor } from "./machine.ts";

/** Cycles of the processor for a node: its products and the elements of its result. */
export function processorCycles(node: Node, processor: Processor): number {
  const [x] = node.inputs as (Value | undefined)[];
  const output = node.outputs[0];
  const elements = isStatic(output.type.shape) ? elementCount(output.type.shape) : 0;
  const { macs } = node.op.cost(node.inputs, node.outputs, node.attributes);
  if (x && isFloat(x.type.dtype) && isFloat(output.type.dtype))
    return macs * processor.realProduct + elements * processor.element;
  const perElement = elementRates[node.op.name]?.(processor) ?? processor.element;
  return macs * (isDepthwise(node) ? processor.depthwiseProduct : processor.product) + elements * perElement;
}

const elementRates: Readonly<Partial<Record<string, (processor: Processor) => number>>> = {
  reshape: () => 0,
  softmax: ({ softmaxElement }) => softmaxElement,
  quantize: ({ quantizeElement }) => quantizeElement,
} satisfies Partial<Record<OpName, (processor: Processor) => number>>;
