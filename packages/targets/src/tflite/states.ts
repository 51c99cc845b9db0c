import type { TfliteDraft } from "@millrace/formats/tflite";
import {
  allocate,
  type Diagnostic,
  elementCount,
  type Graph,
  type Node,
  onlyUse,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { lstm, signalOperators, svdf } from "@millrace/ops";
import { addTensor, constantOf, type FileLists, type Lists, subgraphLists, tensorOf } from "./lists.ts";

/** An input that the graph itself feeds, and the output that it becomes. */
interface Link {
  readonly name: string;
  readonly input: Value;
  readonly output: Value;
  readonly initial: Tensor | undefined;
}

/** How a file keeps the graph's states: in tensors of the operators that own them, or in variables. */
export interface States {
  readonly tensors: ReadonlySet<Value>;
  readonly variables: readonly Link[];
  /** Places of the outputs that only states are made of. */
  readonly outputs: ReadonlySet<number>;
}

/** Inputs that an operator keeps by itself or in variable tensors of a file, and the first of the results that they become. */
const ownStates: readonly { readonly op: Node["op"]; readonly inputs: readonly number[]; readonly first: number }[] = [
  { op: svdf, inputs: [4], first: 1 },
  { op: lstm, inputs: [13, 14], first: 1 },
  { op: signalOperators.signalFilterBankSpectralSubtraction, inputs: [1], first: 1 },
  { op: signalOperators.signalOverlapAdd, inputs: [1], first: 1 },
  { op: signalOperators.signalFramer, inputs: [1, 2], first: 2 },
  { op: signalOperators.signalStacker, inputs: [1, 2], first: 2 },
];

/** The input slots that a node keeps in variable tensors, with the places of the results that they become. */
function slotsOf(node: Node): readonly (readonly [input: number, result: number])[] {
  const { inputs = [], first = 0 } = ownStates.find(({ op }) => op === node.op) ?? {};
  return inputs.map((input, index) => [input, first + index]);
}

export function statesOf(graph: Graph): States {
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  const links = graph.states.map(({ input, output, initial }): Link => {
    const place = graph.outputNames.lastIndexOf(output);
    return { name: input, input: inputs.get(input)!, output: graph.outputs[place], initial };
  });
  const own = new Set(links.filter(isOwn).map(({ input }) => input));
  return {
    tensors: own,
    variables: links.filter(({ input }) => !own.has(input)),
    outputs: new Set(graph.states.map(({ output }) => graph.outputNames.lastIndexOf(output))),
  };
}

/** Whether the state belongs to one operator, which nothing else reads or writes it beside. */
function isOwn({ input, output, initial }: Link): boolean {
  const [read, written] = [onlyUse(input), onlyUse(output)];
  if (read === undefined || written === undefined || output.producer !== read.user) return false;
  if (initial !== undefined && !isZero(input, initial)) return false;
  return slotsOf(read.user).some(([slot, result]) => slot === read.index && read.user.outputs[result] === output);
}

function zeroOf({ type }: Value): number {
  return type.quantization?.zeroPoint[0] ?? 0;
}

function isZero(value: Value, { data }: Tensor): boolean {
  const zero = zeroOf(value);
  return (data as Float32Array).every((item) => Number(item) === zero);
}

/** Operators with states of which one is not the graph's own, or is used elsewhere too. */
export function stateProblems(graph: Graph): readonly Diagnostic[] {
  const { tensors } = statesOf(graph);
  return [...graph.nodes()]
    .filter((node) => slotsOf(node).some(([slot]) => !tensors.has(node.inputs[slot]!)))
    .map(({ name, op }) => ({
      code: "tflite.inexpressible",
      severity: "error",
      message: `${name} (${op.name}) can't be written: TFLite needs that its states start as zeros and are kept from run to run by the model, for it alone.`,
      at: { node: name },
      hint: "Link the operator's states to inputs that nothing else reads.",
    }));
}

/** Numbers of operators codes that variables need. */
export interface VariableCodes {
  code(builtin: "CALL_ONCE" | "VAR_HANDLE" | "READ_VARIABLE" | "ASSIGN_VARIABLE"): number;
}

/** The operators that come before and after all others: variables are read into their inputs at first and assigned in the end. */
export function variableOperators(
  lists: Lists,
  { variables }: States,
  { code }: VariableCodes,
): readonly [before: TfliteDraft<"Operator">[], after: TfliteDraft<"Operator">[]] {
  if (variables.length === 0) return [[], []];
  const initSubgraphIndex = addInitial(lists.file, variables, { code });
  const once = { inputs: [], outputs: [], builtinOptions: { kind: "CallOnceOptions", initSubgraphIndex } } as const;
  const handles = variables.map((link) => handleOf(lists, link, code("VAR_HANDLE")));
  const reads = variables.map(({ input }, index) => {
    const inputs = handles[index].outputs;
    return { opcodeIndex: code("READ_VARIABLE"), inputs, outputs: [tensorOf(lists, input)] };
  });
  const assigned = variables.map(({ output }, index) => {
    const inputs = [...handles[index].outputs, tensorOf(lists, output)];
    return { opcodeIndex: code("ASSIGN_VARIABLE"), inputs, outputs: [] };
  });
  return [[{ opcodeIndex: code("CALL_ONCE"), ...once }, ...handles, ...reads], assigned];
}

function handleOf(lists: Lists, { name, input }: Link, opcodeIndex: number) {
  const tensor = addTensor(lists, `${name}/handle`, { dtype: input.type.dtype, shape: [] }, { type: "RESOURCE" });
  const builtinOptions = { kind: "VarHandleOptions", container: "", sharedName: name } as const;
  return { opcodeIndex, inputs: [], outputs: [tensor], builtinOptions };
}

/** A subgraph that gives every variable what it starts with. */
function addInitial(file: FileLists, variables: readonly Link[], { code }: VariableCodes): number {
  const lists = subgraphLists(file);
  const operators = variables.flatMap((link) => {
    const { name, input, initial } = link;
    const handle = handleOf(lists, link, code("VAR_HANDLE"));
    const start = constantOf(lists, `${name}/initial`, initial ?? startOf(input), input.type.quantization);
    return [handle, { opcodeIndex: code("ASSIGN_VARIABLE"), inputs: [...handle.outputs, start], outputs: [] }];
  });
  return (
    file.subgraphs.push({ name: "initial_states", tensors: lists.tensors, inputs: [], outputs: [], operators }) - 1
  );
}

function startOf(value: Value): Tensor {
  const { dtype, shape } = value.type;
  const data = allocate(dtype, elementCount(shape as readonly number[]));
  const zero = zeroOf(value);
  if (zero !== 0) (data as Int8Array).fill(zero);
  return { dtype, shape: shape as readonly number[], data };
}
