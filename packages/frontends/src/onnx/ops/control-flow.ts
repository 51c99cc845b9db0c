import { fail, scalarOf, type Value } from "@millrace/ir";
import type { Importer, Result, SourceNode } from "../source-node.ts";
import { collection, itemOf, tensorIn } from "./bodies.ts";
import { scan } from "./scan.ts";
import { canUnroll } from "./steps.ts";

function branch(node: SourceNode): readonly Result[] {
  const { attributes } = node;
  const [whenTrue, whenFalse] = [attributes.graph("then_branch"), attributes.graph("else_branch")];
  return node.inline(isTrue(node, node.input(0)) ? whenTrue : whenFalse, []);
}

/** Writes out its body as often as the count and the condition say, which have to be known before each step. */
function loop(node: SourceNode): readonly Result[] {
  const body = node.attributes.graph("body");
  const initial = node.inputs.slice(2);
  const count = node.has(0) ? node.numbers(0)[0] : Number.POSITIVE_INFINITY;
  const declared = body.outputs.slice(1 + initial.length);
  const collected: Value[][] = declared.map(() => []);
  let goesOn: Value = node.has(1) ? node.input(1) : node.scalar(1, "bool");
  let state: readonly Result[] = initial.map((item) => item ?? "absent");
  for (let step = 0; step < count && isTrue(node, goesOn); step++) {
    if (!canUnroll(step + 1, body.nodes.length))
      fail("onnx.too-large", `it is not over after ${step} steps`, { hint: "Give it fewer steps at a time." });
    const results = node.inline(body, [node.scalar(step, "i64"), goesOn, ...state.map(itemOf)], `step_${step}`);
    goesOn = tensorIn(node, results[0]);
    state = results.slice(1, 1 + initial.length);
    for (const [index, items] of collected.entries()) items.push(tensorIn(node, results[1 + initial.length + index]));
  }
  return [...state, ...collected.map((items, index) => collection(node, items, declared[index], 0))];
}

function isTrue(node: SourceNode, condition: Value): boolean {
  if (node.isConstant(condition)) return scalarOf(node.constantTensor(condition, "the condition")) !== 0;
  return fail("onnx.unsupported-control-flow", "its condition is computed while the model runs", {
    hint: "Export the model with fixed shapes, so that the condition is a constant, or without the branch.",
  });
}

/** Operators that hold graphs. */
export const controlFlow: Readonly<Record<string, Importer>> = { If: branch, Loop: loop, Scan: scan };
