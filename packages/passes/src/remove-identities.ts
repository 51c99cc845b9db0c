import {
  isIdentityPermutation,
  type Node,
  numbersOf,
  type Operator,
  sameQuantization,
  sameShape,
  type Value,
} from "@millrace/ir";
import {
  add,
  cast,
  clamp,
  concat,
  div,
  expand,
  mul,
  pad,
  reshape,
  resize,
  slice,
  sub,
  tile,
  transpose,
} from "@millrace/ops";
import { isOutput, refuse, rewrite } from "./rewrite.ts";

/** The input of a node that its result would be equal to, if it is one of certain nodes. */
type Candidate = (node: Node) => Value | undefined;

const always: Candidate = (node) => node.inputs[0];

function when(test: (node: Node) => boolean): Candidate {
  return (node) => (test(node) ? node.inputs[0] : undefined);
}

/** The input beside a constant that holds nothing but `neutral`; a constant on the left counts where order does not matter. */
function beside(neutral: number, commutes: boolean): Candidate {
  return (node) => {
    const [a, b] = node.inputs as readonly Value[];
    if (node.attributes["activation"] !== "none") return undefined;
    if (isFilledWith(b, neutral)) return a;
    return commutes && isFilledWith(a, neutral) ? b : undefined;
  };
}

/** Whether the value is a constant that holds nothing but one number, and stands for no other numbers. */
export function isFilledWith({ constant, type }: Value, wanted: number): boolean {
  if (constant === undefined || type.quantization) return false;
  const numbers = numbersOf(constant);
  for (let index = 0; index < numbers.length; index++) if (numbers[index] !== wanted) return false;
  return true;
}

/** For each operator the nodes that return an input as it is, if that has the type of the result. */
const candidates: ReadonlyMap<Operator, Candidate> = new Map<Operator, Candidate>([
  [reshape, always],
  [expand, always],
  [cast, always],
  [pad, always],
  [resize, always],
  [transpose, when((node) => isIdentityPermutation(transpose.attributesOf(node).permutation))],
  [concat, when((node) => node.inputs.length === 1)],
  [tile, when((node) => tile.attributesOf(node).repeats.every((count) => count === 1))],
  [slice, when((node) => slice.attributesOf(node).steps.every((step) => step === 1))],
  [
    clamp,
    when((node) => {
      const { minimum, maximum } = clamp.attributesOf(node);
      return minimum === Number.NEGATIVE_INFINITY && maximum === Number.POSITIVE_INFINITY;
    }),
  ],
  [mul, beside(1, true)],
  [div, beside(1, false)],
  [add, beside(0, true)],
  [sub, beside(0, false)],
]);

function sameType(a: Value, b: Value): boolean {
  const { dtype, shape, quantization } = a.type;
  return (
    dtype === b.type.dtype && sameShape(shape, b.type.shape) && sameQuantization(quantization, b.type.quantization)
  );
}

/** Removes nodes that return an input unchanged, except where an output of the graph needs one to have a value of its own. */
export const removeIdentities = rewrite("remove-identities", {
  roots: [...candidates.keys()],
  find(node, graph) {
    const x = candidates.get(node.op)!(node);
    const [result] = node.outputs;
    if (x === undefined || !sameType(x, result)) return undefined;
    if (!isOutput(graph, result)) return { x, name: undefined };
    if (x.producer === undefined) return refuse(`output ${result.name} is the same as ${x.name}`);
    if (isOutput(graph, x)) return refuse(`outputs ${x.name} and ${result.name} are the same`);
    return { x, name: result.name };
  },
  replace({ x, name }, node, graph) {
    graph.replaceUses(node.outputs[0], x);
    graph.removeNode(node);
    if (name !== undefined) graph.rename(x, name);
  },
  examples: [
    {
      name: "a factor of one, an offset of zero, a reshape to the same shape; the output keeps its name",
      before: `
        input x: f32[2,2]
        a: f32[2,2] = neg(x)
        constant one: f32[2] = [1, 1]
        b: f32[2,2] = mul(one, a) {activation=none}
        constant zero: f32[] = [0]
        c: f32[2,2] = sub(b, zero) {activation=none}
        d: f32[2,2] = reshape(c) {shape=[2,2]}
        output d as result`,
      after: `
        input x: f32[2,2]
        d: f32[2,2] = neg(x) named a
        output d as result`,
    },
    {
      name: "an output that is the same as an input",
      before: `
        input x: f32[2]
        y: f32[2] = reshape(x) {shape=[2]}
        output y`,
      noted: "output y is the same as x",
    },
    {
      name: "two outputs that are the same",
      before: `
        input x: f32[2]
        y: f32[2] = neg(x)
        z: f32[2] = reshape(y) {shape=[2]}
        output y
        output z`,
      noted: "outputs y and z are the same",
    },
    {
      name: "a constant that gives the result more axes",
      before: `
        input x: f32[2]
        constant one: f32[1,1] = [1]
        y: f32[1,2] = mul(x, one) {activation=none}
        output y`,
    },
  ],
});
