import { elementCount, type Graph, type Node, numbersOf, type Value } from "@millrace/ir";
import { slotOf } from "../slot.ts";

/** Bits that the sums of a layer leave unused in the worst case, and the channel of that case. */
export interface Headroom {
  readonly bits: number;
  readonly channel: number;
}

/**
 * For each result of a layer that sums products of 8-bit data in 32 bits: how far |bias| + Σ |weight| · |data - zero point|, with the greatest data that
 * there can be, stays below 2^31. Less than 0 bits mean that some input exists whose sums overflow. By the names of the results.
 */
export function accumulatorHeadroom(graph: Graph): ReadonlyMap<string, Headroom> {
  const layers = [...graph.nodes()].flatMap((node) => {
    const worst = worstSums(node);
    return worst === undefined || worst.length === 0 ? [] : [[node.outputs[0].name, headroomOf(worst)] as const];
  });
  return new Map(layers);
}

function headroomOf(worst: Float64Array): Headroom {
  const channel = worst.reduce((most, sum, at) => (sum > worst[most] ? at : most), 0);
  return { bits: 31 - Math.log2(Math.max(1, worst[channel])), channel };
}

/** The greatest magnitude of each output channel's sum. */
function worstSums(node: Node): Float64Array | undefined {
  const rule = node.op.quantization;
  if (rule.kind !== "free" || rule.weights === undefined) return undefined;
  const input = (name: string): Value | undefined => node.inputs[slotOf(node, name)];
  const [data, weights, bias] = [rule.weights.data, rule.weights.weights, rule.weights.bias].map(input);
  if (data?.type.dtype !== "i8" || data.type.quantization === undefined || weights?.constant === undefined)
    return undefined;
  const { shape } = weights.constant;
  const axis = rule.weights.axis(node.attributes, shape.length);
  const [channels, inner] = [shape[axis], elementCount(shape.slice(axis + 1))];
  const [zeroPoint] = data.type.quantization.zeroPoint;
  const reach = Math.max(zeroPoint + 128, 127 - zeroPoint);
  const stored = numbersOf(weights.constant);
  const sums = Float64Array.from(bias?.constant ? numbersOf(bias.constant) : new Float64Array(channels), Math.abs);
  for (let index = 0; index < stored.length; index++)
    sums[Math.floor(index / inner) % channels] += Math.abs(stored[index]) * reach;
  return sums;
}
