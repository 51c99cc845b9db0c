import { elementCount, fromNumbers, isStatic, type Node, numbersOf, type Value } from "@millrace/ir";
import { type Refusal, refuse } from "@millrace/passes";
import { slotOf } from "../slot.ts";
import type { LayerWeights } from "./layer-weights.ts";

/** A layer whose data are channels of a value further up: which one each channel of its data is. */
export interface Reader {
  readonly layer: LayerWeights;
  readonly channelOf: readonly number[];
}

/**
 * The layers that the channels of a value, the indices of its last axis, arrive at through nodes that only move them or choose among numbers of one.
 * Refused if some do and something else reads them too.
 */
export function traceChannels(value: Value, layers: ReadonlyMap<Node, LayerWeights>): readonly Reader[] | Refusal {
  const { shape } = value.type;
  if (!isStatic(shape)) return [];
  const count = shape.at(-1) ?? 1;
  const readers: Reader[] = [];
  const others: Node[] = [];
  const places = [{ value, channels: Array.from({ length: elementCount(shape) }, (_, at) => at % count) }];
  for (const place of places) {
    for (const { user, index } of place.value.uses) {
      const layer = layers.get(user);
      const channelOf = layer && channelsOfData(place.channels, layer.inputs);
      const moved = layer ? undefined : channelsBehind(user, index, place.channels);
      if (layer && channelOf) readers.push({ layer, channelOf });
      else if (moved) places.push(...user.outputs.map((output, at) => ({ value: output, channels: moved[at] })));
      else others.push(user);
    }
  }
  return readers.length > 0 && others.length > 0 ? refuse(foreign(others[0])) : readers;
}

function foreign({ name, op, outputs }: Node): string {
  const reader = outputs.length === 0 ? "an output of the graph" : `${name} (${op.name})`;
  return `${reader} takes its channels too, which has no constant weights that could make up for factors`;
}

/** The channel that each index of the last axis holds; undefined if one holds several. */
function channelsOfData(channels: readonly number[], inputs: number): readonly number[] | undefined {
  const held = channels.slice(0, inputs);
  return channels.every((channel, at) => channel === held[at % inputs]) ? held : undefined;
}

/** What channels are written as, above all limits and paddings: the least for one is the greatest for the other, and means agree only of equals. */
const beyondLimits = 2 ** 20;
const falling = (channel: number) => -beyondLimits - channel;
const rising = (channel: number) => beyondLimits + channel ** 2;

/** The channels of a node's results, found by what it makes of channel numbers; undefined if it does more than move them or choose among equals. */
function channelsBehind(node: Node, index: number, channels: readonly number[]): number[][] | undefined {
  const { op, inputs, outputs, attributes } = node;
  const rule = op.quantization;
  if (rule.kind !== "same" || rule.inputs.length > 1 || slotOf(node, rule.inputs[0]) !== index) return undefined;
  if (inputs.some((value, at) => at !== index && value && !value.constant)) return undefined;
  if (!outputs.every(({ type }) => type.dtype === "f32" && isStatic(type.shape))) return undefined;
  const [fallen, risen] = [falling, rising].map((numberOf) => {
    const data = fromNumbers("f64", inputs[index]!.type.shape as readonly number[], channels.map(numberOf));
    const results = op.evaluate?.(
      inputs.map((value, at) => (at === index ? data : value?.constant)),
      attributes,
      outputs.map(({ type }) => ({ ...type, dtype: "f64" })),
      inputs.map((value) => value?.type),
    );
    return results?.map(numbersOf);
  });
  if (!fallen || !risen) return undefined;
  const found = fallen.map((numbers) => Array.from(numbers, (number) => -number - beyondLimits));
  const areChannels = found.every((each, output) =>
    each.every((channel, at) => Number.isInteger(channel) && risen[output][at] === rising(channel)),
  );
  return areChannels ? found : undefined;
}
