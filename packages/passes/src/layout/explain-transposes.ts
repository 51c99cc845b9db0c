import { type Graph, invertPermutation, type Node, type Value } from "@millrace/ir";
import { reshape, toChannelsFirst, toChannelsLast, transpose } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { formGiving, inputBalance, isReadOnlyBy, movedElements, permutedForm, type Reordered } from "./balance.ts";
import { nameAxes, reshapeInWords } from "./reshape-in-words.ts";

const orderMatters = "depends on the order of axes";
/** Nodes that are looked at, at most, for what keeps a transpose in its place. */
const longestWay = 32;

/** Transposes left in the graph. */
export function remainingTransposes(graph: Graph): readonly Node[] {
  return [...graph.nodes()].filter(({ op }) => op === transpose);
}

/** Notes for each transpose that is left which nodes it stands between and why they keep it there. Changes nothing. */
export const explainTransposes: Pass = {
  name: "explain-transposes",
  run(graph, context) {
    for (const node of remainingTransposes(graph)) {
      const message = `stands after ${makerOf(node)}, and before ${readerOf(graph, node)}`;
      context.note({ pass: this.name, node: node.name, message });
    }
    return 0;
  },
  examples: [
    {
      name: "between a convolution and a reshape",
      before: `
        input x: f32[1,2,2,1]
        constant w: f32[2,1,1,1] = [1, 2]
        y: f32[1,2,2,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none}
        t: f32[1,2,2,2] = transpose(y) {permutation=[0,3,1,2]}
        z: f32[1,8] = reshape(t) {shape=[1,8]}
        output z`,
      noted:
        "stands after conv2d y, which gives channels last, and before reshape z, which merges channels with height and width",
    },
    {
      name: "between an input and a pool",
      before: `
        input x: f32[1,2,2,2]
        t: f32[1,2,2,2] = transpose(x) {permutation=[0,2,3,1]}
        y: f32[1,1,1,2] = maxPool2d(t) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none}
        output y`,
      noted: "stands after input x, which keeps its order of axes, and before maxPool2d y, which takes channels last",
    },
  ],
};

function titled({ op, name }: Node): string {
  return `${op.name} ${name}`;
}

/** Names for axes before and after a transpose. */
function axisNames(permutation: readonly number[]): {
  readonly before: readonly string[];
  readonly after: readonly string[];
} {
  const order = permutation.join();
  const [first, last] = [nameAxes("first"), nameAxes("last")];
  if (order === toChannelsLast.join()) return { before: first, after: last };
  if (order === toChannelsFirst.join()) return { before: last, after: first };
  const numbered = permutation.map((_, axis) => `axis ${axis}`);
  return { before: numbered, after: numbered };
}

/** What makes the data of a transpose, past nodes that it might as well stand before, and why that does not make it in the other order. */
function makerOf(node: Node): string {
  let wanted: Reordered = { value: node.inputs[0]!, permutation: transpose.attributesOf(node).permutation };
  let reader = node;
  for (let step = 0; ; step++) {
    const { name, constant, producer } = wanted.value;
    if (producer === undefined) return `${constant ? "constant" : "input"} ${name}, which keeps its order of axes`;
    const moved = formGiving(wanted);
    if (moved === undefined) return `${titled(producer)}, which ${fixedMaker(producer, wanted.permutation)}`;
    if (isReadElsewhere(producer, reader)) return `${titled(producer)}, whose results are also read in another order`;
    const reordered = inputBalance(producer, moved).reordered.filter((each) => movedElements(each) > 0);
    if (reordered.length !== 1 || step === longestWay)
      return `${titled(producer)}, whose inputs would need more transposes`;
    [wanted] = reordered;
    reader = producer;
  }
}

/** Why a node can't give its result in another order. */
function fixedMaker(node: Node, permutation: readonly number[]): string {
  const { layout } = node.attributes;
  if (layout !== undefined) return `gives channels ${layout}`;
  if (node.op === reshape) return reshapeInWords(node, axisNames(permutation).before, "after");
  return node.inputs[0]?.type.shape.length === permutation.length ? orderMatters : "changes the number of axes";
}

function isReadElsewhere({ outputs }: Node, reader: Node): boolean {
  return outputs.some((output) => output.uses.size > 0 && !isReadOnlyBy(output, (user) => user === reader));
}

/** What reads the result of a transpose, and why that does not read the data in the other order. */
function readerOf(graph: Graph, node: Node): string {
  const [result] = node.outputs;
  const users = new Set([...result.uses].map(({ user }) => user));
  const [first] = users;
  if (first === undefined) return "nothing";
  const reason = reasonOf(graph, first, node);
  return users.size > 1 ? `${reason}, and ${users.size - 1} other nodes` : reason;
}

function reasonOf(graph: Graph, user: Node, node: Node): string {
  if (user === graph.results) return `output ${outputName(graph, node.outputs[0])}, which keeps its order of axes`;
  const { permutation } = transpose.attributesOf(node);
  const { layout } = user.attributes;
  if (layout !== undefined) return `${titled(user)}, which takes channels ${layout}`;
  const moved = permutedForm(user, invertPermutation(permutation));
  if (moved && inputBalance(user, moved).reordered.length > 0)
    return `${titled(user)}, whose other inputs are in another order`;
  if (moved) return `${titled(user)}, after which it would move no fewer elements`;
  const why = user.op === reshape ? reshapeInWords(user, axisNames(permutation).after, "before") : orderMatters;
  return `${titled(user)}, which ${why}`;
}

function outputName(graph: Graph, value: Value): string {
  return graph.outputNames[graph.outputs.indexOf(value)] ?? value.name;
}
