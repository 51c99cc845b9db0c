import { type Activation, activationOfRange, activationRanges, clamp } from "@millrace/ops";
import { refuse, replaceNode, rewrite, usedOnce } from "./rewrite.ts";

/** Merges a clamp into the node before it where that node has a fused activation: ReLU, ReLU6 and ReLU -1…1. */
export const fuseActivations = rewrite("fuse-activations", {
  roots: [clamp],
  find(node, graph) {
    const { x } = clamp.inputsOf(node);
    const producer = x.producer;
    const current = producer?.attributes["activation"] as Activation | undefined;
    if (producer === undefined || current === undefined || x.type.dtype !== "f32") return undefined;
    const { minimum, maximum } = clamp.attributesOf(node);
    const [low, high] = activationRanges[current];
    const merged = activationOfRange(Math.max(low, minimum), Math.min(high, maximum));
    if (merged === undefined) return undefined;
    if (!usedOnce(graph, x)) return refuse(`${producer.name} is also read elsewhere, before the activation`);
    return { producer, merged };
  },
  replace({ producer, merged }, node, graph) {
    const { op, inputs, attributes } = producer;
    replaceNode(graph, node, { op, inputs, attributes: { ...attributes, activation: merged } }, [producer]);
  },
});

/** Merges clamps that follow each other. */
export const mergeClamps = rewrite("merge-clamps", {
  roots: [clamp],
  find(node, graph) {
    const { x } = clamp.inputsOf(node);
    if (x.producer?.op !== clamp || !usedOnce(graph, x)) return undefined;
    const [inner, outer] = [clamp.attributesOf(x.producer), clamp.attributesOf(node)];
    const bound = (value: number) => Math.min(outer.maximum, Math.max(outer.minimum, value));
    return { inner: x.producer, attributes: { minimum: bound(inner.minimum), maximum: bound(inner.maximum) } };
  },
  replace({ inner, attributes }, node, graph) {
    replaceNode(graph, node, { inputs: inner.inputs, attributes }, [inner]);
  },
});
