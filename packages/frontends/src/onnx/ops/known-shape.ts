import type { Dimension, Shape } from "@millrace/ir";
import type { SourceNode } from "../source-node.ts";

/** Sizes that `node` can't be imported without. */
export function knownShape(node: SourceNode, shape: Shape): readonly number[] {
  return shape.map((size) => knownSize(node, size));
}

/** A size that `node` can't be imported without. */
export function knownSize(node: SourceNode, size: Dimension): number {
  if (typeof size === "number") return size;
  return node.unsupported(`it depends on the size ${size}, which is open`, `Give the size of ${size}.`);
}
