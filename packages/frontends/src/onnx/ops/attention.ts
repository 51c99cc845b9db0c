import type { Value } from "@millrace/ir";
import type { Importer, SourceNode } from "../source-node.ts";
import { attend, attendInSteps, joinHeads, type Steps, splitHeads, withPast } from "./attention-core.ts";
import { biasOf, causalMask, firstPosition, lengthMask, maskBias, sumOf } from "./attention-mask.ts";
import { tensorIn } from "./bodies.ts";

/** The input with an axis for its heads: as it is if it has one. */
function headed(node: SourceNode, index: number, attribute: string): Value {
  const value = node.input(index);
  const rank = value.type.shape.length;
  if (rank === 3) return splitHeads(node, value, node.attributes.integer(attribute));
  return rank === 4 ? value : node.invalid(`input ${index} has ${rank} axes, not 3 or 4`);
}

/** What is added to the scores: the mask given, that of what comes later, and that of what is filling. */
function biasFor(node: SourceNode, query: Value, key: Value): Value | undefined {
  const [length, span] = [query.type.shape[2], key.type.shape[2]];
  const counts = node.has(6) ? node.input(6) : undefined;
  const mask = node.has(3) ? biasOf(node, node.input(3), span) : undefined;
  const filling = counts && maskBias(node, lengthMask(node, span, counts));
  return sumOf(node, [mask, node.attributes.flag("is_causal", false) ? causal() : undefined, filling]);

  function causal(): Value {
    const past = node.has(4) ? node.shape(4)[2] : 0;
    if (typeof past === "string") return node.unsupported(`the length ${past} of past_key is open`, `Give ${past}.`);
    const offset = counts && !node.has(4) ? firstPosition(node, counts, length) : past;
    return maskBias(node, causalMask(node, length, span, offset));
  }
}

/** Scaled dot-product attention, with earlier keys and values before those given. */
function attention(node: SourceNode): readonly (Value | undefined)[] {
  const { attributes } = node;
  const query = headed(node, 0, "q_num_heads");
  const key = withPast(node, node.has(4) ? node.input(4) : undefined, headed(node, 1, "kv_num_heads"));
  const value = withPast(node, node.has(5) ? node.input(5) : undefined, headed(node, 2, "kv_num_heads"));
  attributes.ignore("softmax_precision", "q_num_heads", "kv_num_heads");
  const asked = {
    query,
    key,
    value,
    scale: scaleOf(node, query),
    softcap: attributes.real("softcap", 0),
    bias: biasFor(node, query, key),
    masksRows: node.has(3) || node.has(6),
  };
  const mode = attributes.integer("qk_matmul_output_mode", 0);
  const steps = node.wants(3) ? attendInSteps(node, asked) : undefined;
  const result = steps?.result ?? attend(node, asked);
  const joined = node.shape(0).length === 3 ? joinHeads(node, result) : result;
  return [joined, key, value, steps && scoresIn(node, steps, mode)];
}

/** What a mode names of what is computed on the way. */
function scoresIn(node: SourceNode, { scores, capped, biased, shares }: Steps, mode: number): Value {
  return [scores, capped, biased, shares][mode] ?? node.invalid(`qk_matmul_output_mode is ${mode}`);
}

/** The factor of the scores; 1 / √size of a head without the attribute. */
function scaleOf(node: SourceNode, query: Value): number {
  const size = query.type.shape[3];
  if (node.attributes.has("scale")) return node.attributes.real("scale");
  if (typeof size === "string") return node.unsupported(`the size ${size} of a head is open`, `Give ${size}.`);
  return 1 / Math.sqrt(size);
}

/** Attention whose scores and shares go through graphs that the node holds. */
function flexAttention(node: SourceNode): Value {
  const { attributes } = node;
  attributes.ignore("softmax_precision");
  const [query, key, value] = [0, 1, 2].map((index) => node.input(index));
  const changedBy = (name: string) => {
    if (!attributes.has(name)) return undefined;
    const graph = attributes.graph(name);
    return (value: Value) => tensorIn(node, node.inline(graph, [value], name)[0]);
  };
  return attend(node, {
    query,
    key,
    value,
    scale: scaleOf(node, query),
    softcap: 0,
    changeScores: changedBy("score_mod"),
    changeShares: changedBy("prob_mod"),
  });
}

/** Operators of attention. */
export const attentions: Readonly<Record<string, Importer>> = {
  Attention: attention,
  "ai.onnx.preview.FlexAttention": flexAttention,
};
