import { fromNumbers, type Graph, type Node, numbersOf, onlyUse, type Tensor, type Value } from "@millrace/ir";
import { notEqual, select } from "@millrace/ops";
import type { Step } from "./edit.ts";
import { isFilledWith } from "./remove-identities.ts";
import { producedBy } from "./rewrite.ts";

/** What a value is before what is no number in it becomes 0, as shares do whose scores are all masked, and the nodes that do that. */
export function unguarded(value: Value): { readonly source: Value; readonly guard: readonly Node[] } {
  const chosen = producedBy(value, select);
  const [condition, zero, source] = chosen?.inputs ?? [];
  const compared = producedBy(condition, notEqual);
  const isGuard =
    compared?.inputs.every((each) => each === source) &&
    zero?.type.shape.length === 0 &&
    isFilledWith(zero, 0) &&
    onlyUse(compared.outputs[0]) &&
    source?.uses.size === 3;
  return chosen && compared && isGuard ? { source: source!, guard: [compared, chosen] } : { source: value, guard: [] };
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
