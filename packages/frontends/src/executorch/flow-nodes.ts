import type { Argument, ArgumentOf, Graph, Node, NodeMetadata, SymInt, TensorMeta } from "@millrace/formats/pt2";
import type { MadeTensors, Part } from "./made-tensors.ts";
import { refuseFlow } from "./structured-steps.ts";

/** What is known about the tensors and open sizes of a program by their names. */
export interface NamedTypes {
  readonly tensors: ReadonlyMap<string, TensorMeta>;
  readonly sizes: ReadonlyMap<string, SymInt>;
}

export const noMetadata: NodeMetadata = { moduleStack: [], entries: new Map() };

export function tensorArgument(name: string): ArgumentOf<"tensor"> {
  return { kind: "tensor", name };
}

/** A graph whose only symbolic numbers are sizes. */
export function graphOf(
  inputs: readonly Argument[],
  outputs: readonly Argument[],
  nodes: readonly Node[],
  { tensors, sizes }: NamedTypes,
): Graph {
  return {
    inputs,
    outputs,
    nodes,
    tensorValues: tensors,
    symIntValues: sizes,
    symFloatValues: new Map(),
    symBoolValues: new Map(),
    customObjectValues: new Map(),
    isSingleTensorReturn: false,
  };
}

/** A branch whose results are what both parts write. Throws `executorch.control-flow` where that is not all that matters. */
export function branchNode(
  condition: string,
  parts: readonly [whenTrue: Part, whenFalse: Part],
  made: MadeTensors,
  types: NamedTypes,
): Node {
  const written = parts.flatMap((part) => [...part.written]);
  const isResult = (name: string) => parts.every((part) => part.written.has(name));
  const single = written.find((name) => !isResult(name) && made.has(name));
  if (single !== undefined) refuseFlow(`only one part of a branch writes ${single}`);
  const results = [...parts[0].written].filter(isResult);
  const around = [...new Set(parts.flatMap(({ read }) => [...read]))];
  const bodies = parts.map(({ nodes }) => bodyArgument(around, results, nodes, types));
  return holder("cond", [tensorArgument(condition), ...bodies, tensorsArgument(around)], results);
}

/**
 * A loop: what there was before and `round` writes is carried from round to round; `asking` makes the condition. Throws
 * `executorch.control-flow` where `asking` changes what was there before.
 */
export function loopNode(condition: string, asking: Part, round: Part, made: MadeTensors, types: NamedTypes): Node {
  const changed = [...asking.written].find((name) => made.has(name));
  if (changed !== undefined) refuseFlow(`what ends a loop writes ${changed}`);
  if (!asking.written.has(condition) && !made.has(condition))
    refuseFlow(`nothing before a loop's end writes ${condition}`);
  const carried = [...round.written].filter((name) => made.has(name));
  const read = new Set([...asking.read, ...round.read, ...(asking.written.has(condition) ? [] : [condition])]);
  const around = [...read].filter((name) => !round.written.has(name));
  const inputs = [...carried, ...around];
  const bodies = [
    bodyArgument(inputs, [condition], asking.nodes, types),
    bodyArgument(inputs, carried, round.nodes, types),
  ];
  return holder("while_loop", [...bodies, tensorsArgument(carried), tensorsArgument(around)], carried);
}

function holder(operator: string, given: readonly Argument[], results: readonly string[]): Node {
  if (results.length === 0) refuseFlow("a branch or loop gives no tensor");
  const inputs = given.map((value) => ({ name: "", value }));
  const target = `torch.ops.higher_order.${operator}`;
  return { target, inputs, outputs: results.map(tensorArgument), metadata: noMetadata };
}

function bodyArgument(
  inputs: readonly string[],
  outputs: readonly string[],
  nodes: readonly Node[],
  types: NamedTypes,
): Argument {
  const graph = graphOf(inputs.map(tensorArgument), outputs.map(tensorArgument), nodes, types);
  return { kind: "graph", name: "body", graph };
}

function tensorsArgument(names: readonly string[]): Argument {
  return { kind: "tensors", names };
}
