import { fromNumbers, type Graph, type Node, numbersOf, onlyUse, type Tensor, type Value } from "@millrace/ir";
import { equal, logicalNot, notEqual, reduceAny, select, softmax } from "@millrace/ops";
import type { Step } from "./edit.ts";
import { isFilledWith } from "./remove-identities.ts";
import { producedBy } from "./rewrite.ts";

interface Unguarded {
  readonly source: Value;
  readonly guard: readonly Node[];
}

/** What a value is before it becomes 0 in rows whose scores are all masked, and the nodes that do that: those of ONNX's exporters or PyTorch's. */
export function unguarded(value: Value): Unguarded {
  const chosen = producedBy(value, select);
  return (chosen && (whereNoNumber(chosen) ?? whereNoScore(chosen))) ?? { source: value, guard: [] };
}

/** select(p ≠ p, 0, p): where softmax makes no number of a row. */
function whereNoNumber(chosen: Node): Unguarded | undefined {
  const [condition, zero, source] = chosen.inputs;
  const compared = producedBy(condition, notEqual);
  const isGuard =
    compared?.inputs.every((each) => each === source) &&
    zero?.type.shape.length === 0 &&
    isFilledWith(zero, 0) &&
    onlyUse(compared.outputs[0]) &&
    source?.uses.size === 3;
  return isGuard ? { source: source!, guard: [compared!, chosen] } : undefined;
}

/** select(¬ any(¬ (scores = -∞)), 0, softmax(scores)): where no score of a row is left. */
function whereNoScore(chosen: Node): Unguarded | undefined {
  const [condition, zero, source] = chosen.inputs;
  const empty = producedBy(condition, logicalNot);
  const some = producedBy(empty?.inputs[0], reduceAny);
  const present = producedBy(some?.inputs[0], logicalNot);
  const masked = producedBy(present?.inputs[0], equal);
  const shares = producedBy(source, softmax);
  if (!empty || !some || !present || !masked || !shares || !zero) return undefined;
  const [scores, lowest] = masked.inputs;
  const { axes, keepDims } = reduceAny.attributesOf(some);
  const isGuard =
    scores === shares.inputs[0] &&
    isFilledWith(lowest!, Number.NEGATIVE_INFINITY) &&
    isFilledWith(zero, 0) &&
    keepDims &&
    axes.join() === `${softmax.attributesOf(shares).axis}` &&
    [source!, ...[masked, present, some, empty].map(({ outputs }) => outputs[0])].every((each) => onlyUse(each));
  return isGuard ? { source: source!, guard: [masked, present, some, empty, chosen] } : undefined;
}

/** The inputs of a selection that puts 0 where a value is no number. */
export function guardedInputs(graph: Graph, step: Step, value: Value): readonly Value[] {
  const zero = graph.addConstant(`${value.name}/zero`, fromNumbers("f32", [], [0]));
  return [step(notEqual, [value, value], {}), zero, value];
}

/** Whether a mask leaves a score in every row. */
export function leavesRows(mask: Tensor): boolean {
  const numbers = numbersOf(mask);
  const width = mask.shape.at(-1) ?? 1;
  let left = 0;
  for (let at = 0; at < numbers.length; at++) {
    if (numbers[at] > Number.NEGATIVE_INFINITY) left++;
    if ((at + 1) % width !== 0) continue;
    if (left === 0) return false;
    left = 0;
  }
  return true;
}
