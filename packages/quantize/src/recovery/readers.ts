import type { Node, Operator } from "@millrace/ir";
import { type Activation, activationRanges, averagePool2d, clamp, maxPool2d, mean, reshape } from "@millrace/ops";
import { type Refusal, refuse } from "@millrace/passes";
import type { LayerWeights } from "./layer-weights.ts";

const unlimited = Number.POSITIVE_INFINITY;

/** What reads the channels of a layer's results. */
export interface Readers {
  /** The index of a channel of their data, modulo the number of the layer's channels, is that of the layer's. */
  readonly layers: readonly LayerWeights[];
  /** Channels below it arrive as they are, and if they are lowered but stay above 0, just as much lower. */
  readonly limit: number;
}

/** The layers that read the results of another, through nodes that keep what its channels are lowered by; refused if not only such layers read them, and undefined if none does. */
export function readersOf(
  { node: { outputs }, outputs: channels }: LayerWeights,
  layers: ReadonlyMap<Node, LayerWeights>,
): Readers | Refusal | undefined {
  const found: LayerWeights[] = [];
  const values = [...outputs];
  let limit = unlimited;
  let refusal: Refusal | undefined;
  for (const { uses } of values) {
    for (const { user } of uses) {
      const layer = layers.get(user);
      const most = limits.get(user.op)?.(user, channels);
      if (layer?.padded) refusal ??= refuse(padding(user));
      if (layer) found.push(layer);
      else if (most === undefined) refusal ??= refuse(foreign(user));
      else {
        limit = Math.min(limit, most);
        values.push(...user.outputs);
      }
    }
  }
  return found.length === 0 ? undefined : (refusal ?? { layers: found, limit });
}

function padding({ name }: Node): string {
  return `channels stay above 0, but ${name} pads them with zeros: its bias would make up for more than what is missing at the edges`;
}

function foreign({ name, op, outputs }: Node): string {
  const reader = outputs.length === 0 ? "an output of the graph" : `${name} (${op.name})`;
  return `channels stay above 0, but ${reader} takes them, which has no constant weights and bias that could make up for lower ones`;
}

type LimitOf = (node: Node, channels: number) => number | undefined;

/** The limits of nodes that give lowered channels just as much lower, at places of the last axis that are the same modulo their number; undefined where they don't. */
const limits: ReadonlyMap<Operator, LimitOf> = new Map<Operator, LimitOf>([
  [clamp, ({ attributes: { minimum, maximum } }) => ((minimum as number) <= 0 ? (maximum as number) : undefined)],
  [maxPool2d, (node) => (node.attributes["layout"] === "last" ? activationLimit(node) : undefined)],
  [
    averagePool2d,
    (node) => (node.attributes["layout"] === "last" && !isPadded(node) ? activationLimit(node) : undefined),
  ],
  [
    mean,
    ({ attributes, inputs }) =>
      (attributes["axes"] as number[]).includes(inputs[0]!.type.shape.length - 1) ? undefined : unlimited,
  ],
  [reshape, ({ outputs }, channels) => (Number(outputs[0].type.shape.at(-1)) % channels === 0 ? unlimited : undefined)],
]);

function activationLimit({ attributes }: Node): number {
  return activationRanges[attributes["activation"] as Activation][1];
}

function isPadded({ attributes }: Node): boolean {
  return (attributes["padding"] as readonly number[]).some((size) => size > 0);
}
