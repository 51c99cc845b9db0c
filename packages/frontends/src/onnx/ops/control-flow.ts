import type { OnnxGraph } from "@millrace/formats/onnx";
import { fail, scalarOf, type Value } from "@millrace/ir";
import { ifOperator } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import type { Result } from "../surroundings.ts";
import { collection, itemOf, tensorIn } from "./bodies.ts";
import { runTimeLoop } from "./run-time-loop.ts";
import { scan } from "./scan.ts";
import { canUnroll } from "./steps.ts";

function branch(node: SourceNode): readonly Result[] {
  const { attributes } = node;
  const [whenTrue, whenFalse] = [attributes.graph("then_branch"), attributes.graph("else_branch")];
  const known = knownTruth(node, node.input(0));
  if (known === undefined) return runTimeBranch(node, whenTrue, whenFalse);
  return node.inline(known ? whenTrue : whenFalse, []);
}

/** A branch whose condition is computed while the model runs. */
function runTimeBranch(node: SourceNode, first: OnnxGraph, second: OnnxGraph): readonly Value[] {
  const whenTrue = node.body(first, []);
  const whenFalse = node.body(second, [], whenTrue.captured);
  const { captured } = whenFalse;
  for (const { name, type } of captured.slice(whenTrue.captured.length)) whenTrue.graph.addInput(name, type);
  const shapes = [whenTrue, whenFalse].map(({ graph }) =>
    graph.outputs.map(({ type }) => `${type.dtype}[${type.shape}]`),
  );
  if (shapes[0].join() !== shapes[1].join())
    fail(
      "onnx.unsupported-control-flow",
      `its branches give ${shapes[0]} and ${shapes[1]}, and it decides while the model runs`,
      {
        hint: "Export the model so that both branches give results of the same shapes.",
      },
    );
  const bodies = { whenTrue: whenTrue.graph, whenFalse: whenFalse.graph };
  return node.emitAll(ifOperator, [node.input(0), ...captured], bodies);
}

/** Written out where count and condition are known before each step, and there are few steps; else a loop of the graph. */
function loop(node: SourceNode): readonly (Result | undefined)[] {
  const body = node.attributes.graph("body");
  return unrolled(node, body) ?? runTimeLoop(node, body);
}

function unrolled(node: SourceNode, body: OnnxGraph): readonly Result[] | undefined {
  const initial = node.inputs.slice(2);
  if (node.has(0) && !node.isConstant(node.input(0))) return undefined;
  const count = node.has(0) ? node.numbers(0)[0] : Number.POSITIVE_INFINITY;
  const declared = body.outputs.slice(1 + initial.length);
  const collected: Value[][] = declared.map(() => []);
  let goesOn: Value = node.has(1) ? node.input(1) : node.scalar(1, "bool");
  let state: readonly Result[] = initial.map((item) => item ?? "absent");
  for (let step = 0; step < count; step++) {
    const isTrue = knownTruth(node, goesOn);
    if (isTrue === false) break;
    if (isTrue === undefined || !canUnroll(step + 1, body.nodes.length)) return undefined;
    const results = node.inline(body, [node.scalar(step, "i64"), goesOn, ...state.map(itemOf)], `step_${step}`);
    goesOn = tensorIn(node, results[0]);
    state = results.slice(1, 1 + initial.length);
    for (const [index, items] of collected.entries()) items.push(tensorIn(node, results[1 + initial.length + index]));
  }
  return [...state, ...collected.map((items, index) => collection(node, items, declared[index], 0))];
}

/** Whether a condition holds, if that is known. */
function knownTruth(node: SourceNode, condition: Value): boolean | undefined {
  if (!node.isConstant(condition)) return undefined;
  return scalarOf(node.constantTensor(condition, "the condition")) !== 0;
}

/** Operators that hold graphs. */
export const controlFlow: Readonly<Record<string, Importer>> = { If: branch, Loop: loop, Scan: scan };
