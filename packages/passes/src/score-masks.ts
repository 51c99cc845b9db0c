import { elementCount, type Graph, type Node, numbersOf, type Shape, sameShape, type Value } from "@millrace/ir";
import { add, reshape, select } from "@millrace/ops";
import { computed } from "./edit.ts";
import { producedBy } from "./rewrite.ts";
import { maskOver } from "./score-factors.ts";
import { bothWays, operandsOf } from "./spread.ts";

/** A node that adds a mask to scores, or puts a very low number in the place of some. */
export interface Masking {
  readonly node: Node;
  readonly scores: Value;
  /** What is added, or tells where the low number is put; it broadcasts to the scores. */
  readonly operand: Value;
}

/** From here on, scores that a number is added to are lost in rounding, so that it might as well take their place. */
const lowest = -1e38;

/** Whether a value is a number that no score shows beside. */
function isLow({ constant }: Value): boolean {
  return constant?.dtype === "f32" && elementCount(constant.shape) === 1 && numbersOf(constant)[0] <= lowest;
}

/** The ways in which a value may be masked scores. */
export function maskingsOf(value: Value): readonly Masking[] {
  const isWhole = ({ scores }: Masking) => sameShape(scores.type.shape, value.type.shape);
  const chosen = producedBy(value, select);
  if (chosen === undefined) {
    return bothWays(operandsOf(value, add) ?? [])
      .map(([scores, operand]) => ({ node: value.producer!, scores, operand }))
      .filter(isWhole);
  }
  const [operand, ...branches] = chosen.inputs as readonly Value[];
  return bothWays(branches)
    .filter(([, other]) => isLow(other))
    .map(([scores]) => ({ node: chosen, scores, operand }))
    .filter(isWhole);
}

/** Whether scores can be masked before they are multiplied by `beta`. */
export function canFollow({ node, operand }: Masking, beta: number): boolean {
  return beta === 1 || node.op === select || operand.constant !== undefined;
}

/** What a masking adds to scores that are multiplied by `beta` before, as a value of `shape` made before `node`. */
export function addedMask(graph: Graph, node: Node, masking: Masking, beta: number, shape: Shape): Value {
  const { operand } = masking;
  const mask = masking.node.op === select ? lowNumbers(graph, node, masking) : operand;
  const outer = mask.constant && beta !== 1 ? graph.addConstant(mask.name, maskOver(mask.constant, 1 / beta)) : mask;
  return sameShape(shape, outer.type.shape) ? outer : computed(graph, node, reshape, outer, { shape });
}

/** The low number where a selection puts it, and zeros elsewhere. */
function lowNumbers(graph: Graph, node: Node, { node: { inputs, name, origin }, scores, operand }: Masking): Value {
  const zero = graph.addConstant(`${name}/zero`, { dtype: "f32", shape: [], data: new Float32Array(1) });
  const branches = inputs.slice(1).map((branch) => (branch === scores ? zero : branch));
  return graph.addNode({ op: select, inputs: [operand, ...branches], attributes: {}, name, origin, before: node })
    .outputs[0];
}
