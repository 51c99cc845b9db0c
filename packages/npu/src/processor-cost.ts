import { elementCount, isFloat, isStatic, type Node, type Value } from "@millrace/ir";
import { dequantize, type OpName, quantize } from "@millrace/ops";
import { isDepthwise } from "./lowering/shared-rules.ts";
import type { Processor } from "./machine.ts";

/** Cycles of the processor for a node: its products and the elements of its result, and their conversions where it computes them as reals. */
export function processorCycles(node: Node, processor: Processor): number {
  const [x] = node.inputs as (Value | undefined)[];
  const output = node.outputs[0];
  const elements = elementsOf(output);
  const { macs } = node.op.cost(node.inputs, node.outputs, node.attributes);
  const isConversion = node.op === quantize || node.op === dequantize;
  const isConverted = processor.converts === true && !isConversion && output.type.quantization !== undefined;
  const isReal = x && isFloat(x.type.dtype) && isFloat(output.type.dtype);
  if (isReal || isConverted)
    return (
      macs * processor.realProduct +
      elements * processor.element +
      (isConverted ? conversionCycles(node, processor) : 0)
    );
  const perElement = elementRates[node.op.name]?.(processor) ?? processor.element;
  return macs * (isDepthwise(node) ? processor.depthwiseProduct : processor.product) + elements * perElement;
}

/** What it takes to have a node read and write reals. */
function conversionCycles({ inputs, outputs }: Node, { element, quantizeElement }: Processor): number {
  const read = inputs.filter((value) => value?.type.quantization && value.constant === undefined) as readonly Value[];
  const total = (values: readonly Value[]) => values.reduce((sum, value) => sum + elementsOf(value), 0);
  return total(read) * element + total(outputs) * quantizeElement;
}

function elementsOf({ type }: Value): number {
  return isStatic(type.shape) ? elementCount(type.shape) : 0;
}

const elementRates: Readonly<Partial<Record<string, (processor: Processor) => number>>> = {
  reshape: () => 0,
  softmax: ({ softmaxElement }) => softmaxElement,
  quantize: ({ quantizeElement }) => quantizeElement,
} satisfies Partial<Record<OpName, (processor: Processor) => number>>;
