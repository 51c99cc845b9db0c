import { type Graph, isStatic, type Node, onlyUse, type Value } from "@millrace/ir";
import { reshape, split } from "@millrace/ops";
import { removeNodes } from "../edit.ts";

/** Equal parts of a value that are all reshaped alike, each by a node of its own. */
export interface ReshapedParts {
  readonly reshapes: readonly Node[];
  readonly source: readonly number[];
  readonly shape: readonly number[];
}

/** The reshapes of what a split gives, if it gives two equal parts or more, of known sizes and reals, and all are reshaped alike. */
export function reshapedParts(node: Node): ReshapedParts | undefined {
  const { shape: source, quantization } = node.inputs[0]!.type;
  const { sizes } = split.attributesOf(node);
  const reshapes = node.outputs.flatMap((output) => {
    const user = onlyUse(output)?.user;
    return user?.op === reshape ? [user] : [];
  });
  if (reshapes.length < 2 || reshapes.length !== node.outputs.length) return undefined;
  const { shape } = reshapes[0].outputs[0].type;
  const alike = reshapes.every(({ outputs: [{ type }] }) => type.shape.join() === shape.join());
  if (!alike || sizes.some((size) => size !== sizes[0]) || quantization) return undefined;
  return isStatic(source) && isStatic(shape) ? { reshapes, source, shape } : undefined;
}

/** Lets a split of `whole` along `axis` give at once what reshapes make of the parts that `node` gives. */
export function splitWhole(graph: Graph, node: Node, reshapes: readonly Node[], whole: Value, axis: number): void {
  const results = reshapes.map(({ outputs }) => outputs[0]);
  const names = results.map(({ name }) => name);
  const { outputs } = graph.addNode({
    op: split,
    inputs: [whole],
    attributes: { axis, sizes: results.map(({ type }) => type.shape[axis] as number) },
    name: node.name,
    origin: [...new Set([node, ...reshapes].flatMap(({ origin }) => origin))],
    outputTypes: results.map(({ type }) => type),
    before: node,
  });
  for (const [index, result] of results.entries()) graph.replaceUses(result, outputs[index]);
  removeNodes(graph, reshapes);
  for (const [index, name] of names.entries()) graph.rename(outputs[index], name);
}
