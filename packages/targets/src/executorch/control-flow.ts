import { bodiesOf, type Graph, type Node, type Value } from "@millrace/ir";
import { ifOperator, whileOperator } from "@millrace/ops";
import type { EdgeTensor } from "./edge-program.ts";
import type { EdgeEmitter, EdgeLowering } from "./emitter.ts";

export const lowerIf: EdgeLowering = (node, emit, results) => {
  const { condition, values } = ifOperator.inputsOf(node);
  const given = values.map((value) => emit.read(value));
  const { whenTrue, whenFalse } = ifOperator.attributesOf(node);
  const stepsOf = (body: Graph) => emit.collect(() => copyAll(emit, emit.body(body, given), results));
  emit.branch({
    condition: emit.read(condition),
    whenTrue: stepsOf(whenTrue),
    whenFalse: stepsOf(whenFalse),
    results,
  });
};

/** The results are what rounds read and write; a round makes all new contents before it replaces the first one. */
export const lowerWhile: EdgeLowering = (node, emit, results) => {
  const { condition, body } = whileOperator.attributesOf(node);
  const initial = whileOperator.inputsOf(node).values.map((value) => emit.read(value));
  copyAll(emit, initial, results);
  const goesOn: EdgeTensor[] = [];
  const asking = emit.collect(() => goesOn.push(...emit.body(condition, results)));
  const round = emit.collect(() => {
    const made = emit.body(body, results).map((tensor) => emit.copy(tensor));
    copyAll(emit, made, results);
  });
  emit.loop({ condition: asking, goesOn: goesOn[0], body: round, results });
};

function copyAll(emit: EdgeEmitter, tensors: readonly EdgeTensor[], results: readonly EdgeTensor[]): void {
  for (const [index, tensor] of tensors.entries()) emit.copy(tensor, results[index]);
}

/** Whether the bodies of a branch or loop take and give tensors of exactly the types that it does itself. */
export function bodiesFit({ op, attributes, inputs, outputs }: Node): boolean {
  const given = op === ifOperator ? inputs.slice(1) : inputs;
  return bodiesOf(attributes).every(
    ([name, body]) =>
      areAlike(body.inputs, given) &&
      ((op === whileOperator && name === "condition") || areAlike(body.outputs, outputs)),
  );
}

function areAlike(values: readonly Value[], others: readonly (Value | undefined)[]): boolean {
  const textOf = (value: Value | undefined) => `${value?.type.dtype} ${value?.type.shape}`;
  return values.length === others.length && values.every((value, index) => textOf(value) === textOf(others[index]));
}
