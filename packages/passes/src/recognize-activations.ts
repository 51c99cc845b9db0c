import { fromNumbers, type Graph, type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { clamp, div, erf, gelu, hardSwish, mul, tanh } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { type Coefficients, constantNumber, polynomialIn } from "./polynomial.ts";
import { rewrite } from "./rewrite.ts";

/** x · gate(x), and the number that it is multiplied by. */
interface Gated {
  readonly x: Value;
  readonly activation: Activation;
  readonly factor: number;
}

interface Activation {
  readonly op: typeof gelu | typeof hardSwish;
  readonly attributes: Node["attributes"];
}

/** An activation times a number. */
type Found = Pick<Gated, "activation" | "factor">;

/** Exporters round constants such as √2; float32 keeps more digits than they differ by. */
const tolerance = 1e-3;
const near = (a: number, b: number) => Math.abs(a - b) <= tolerance * Math.abs(b);
const equal = (a: Coefficients, ...b: number[]) =>
  a.length === b.length && b.every((number, at) => (number === 0 ? Math.abs(a[at]) < 1e-6 : near(a[at], number)));

const flat = Math.sqrt(2 / Math.PI);

/** c · (1 + erf(x / √2)), or with tanh(√(2/π) · (x + 0.044715 x³)) in the place of erf: 2c times GELU. */
function geluGate(gate: Value, x: Value): Found | undefined {
  for (const inner of innermost(gate, [erf, tanh])) {
    const outer = polynomialIn(gate, inner.outputs[0]);
    const curve = polynomialIn(inner.inputs[0]!, x);
    if (outer?.length !== 2 || !near(outer[0], outer[1]) || curve === undefined) continue;
    const approximate = inner.op === tanh;
    const fits = approximate ? equal(curve, 0, flat, 0, 0.044715 * flat) : equal(curve, 0, Math.SQRT1_2);
    if (fits) return { activation: { op: gelu, attributes: { approximate } }, factor: 2 * outer[1] };
  }
  return undefined;
}

/** c · clamp(a · (x + 3), 0, 6a): 6ac times hard swish. */
function hardSwishGate(gate: Value, x: Value): Found | undefined {
  for (const inner of innermost(gate, [clamp])) {
    const { minimum, maximum } = clamp.attributesOf(inner);
    const outer = polynomialIn(gate, inner.outputs[0]);
    const line = polynomialIn(inner.inputs[0]!, x);
    if (line?.length !== 2 || minimum !== 0 || outer?.length !== 2 || outer[0] !== 0) continue;
    const [shift, gain] = line;
    if (gain > 0 && near(shift, 3 * gain) && near(maximum, 6 * gain))
      return { activation: { op: hardSwish, attributes: {} }, factor: 6 * gain * outer[1] };
  }
  return undefined;
}

/** Nodes of one of `ops` that the value is made of by at most a few steps with constants. */
function innermost(value: Value, ops: readonly Node["op"][]): readonly Node[] {
  for (let part: Value | undefined = value, steps = 0; part?.producer && steps < 4; steps++) {
    const { op, inputs }: Node = part.producer;
    if (ops.includes(op)) return [part.producer];
    const flowing: readonly (Value | undefined)[] = inputs.filter((input) => input && !input.constant);
    part = flowing.length === 1 ? flowing[0] : undefined;
  }
  return [];
}

/** The factors of a product that are no numbers, and the number that the others make. */
function factorsOf(node: Node): { readonly parts: readonly Value[]; readonly number: number } {
  let number = 1;
  const parts: Value[] = [];
  const visit = ({ op, inputs: [left, right] }: Node, depth: number) => {
    for (const [index, value] of [left!, right!].entries()) {
      const constant = constantNumber(value);
      const { producer } = value;
      if (constant !== undefined && !(op === div && index === 0)) number *= op === div ? 1 / constant : constant;
      else if (depth > 0 && producer && isProduct(producer)) visit(producer, depth - 1);
      else parts.push(value);
    }
  };
  visit(node, 2);
  return { parts, number };
}

/** Whether a node multiplies, or divides by a number. */
function isProduct({ op, inputs, attributes }: Node): boolean {
  if (op === div) return constantNumber(inputs[1]!) !== undefined && attributes["activation"] === "none";
  return op === mul && attributes["activation"] === "none";
}

/** Whether the only reader multiplies by a number, which belongs to the same product. */
function isScaledNext({ outputs: [product] }: Node): boolean {
  const next = onlyUse(product)?.user;
  return next !== undefined && isProduct(next) && next.inputs.some((value) => constantNumber(value!) !== undefined);
}

function gatedBy(node: Node): Gated | undefined {
  const { parts, number } = factorsOf(node);
  if (parts.length !== 2 || !parts.every(({ type }) => sameShape(type.shape, node.outputs[0].type.shape)))
    return undefined;
  for (const [x, gate] of [parts, [parts[1], parts[0]]]) {
    const found = geluGate(gate, x) ?? hardSwishGate(gate, x);
    if (found) return { x, ...found, factor: found.factor * number };
  }
  return undefined;
}

/** Makes one operator of an activation that exporters write out: GELU, by the error function or by tanh, and hard swish. */
export const recognizeActivations = rewrite("recognize-activations", {
  roots: [mul, div],
  find(node) {
    const isReal = node.outputs[0].type.dtype === "f32";
    return isReal && isProduct(node) && !isScaledNext(node) ? gatedBy(node) : undefined;
  },
  replace({ x, activation: { op, attributes }, factor }, node, graph) {
    if (near(factor, 1)) return void replaceNode(graph, node, { op, inputs: [x], attributes });
    const inputs = [activated(graph, node, x, { op, attributes }), numberFor(graph, node, factor)];
    replaceNode(graph, node, { op: mul, inputs, attributes: { activation: "none" } });
  },
  examples: [
    {
      name: "GELU by the error function",
      before: `
        input x: f32[2]
        constant root: f32[] = [1.4142135]
        a: f32[2] = div(x, root) {activation=none}
        b: f32[2] = erf(a)
        constant one: f32[] = [1]
        c: f32[2] = add(b, one) {activation=none}
        d: f32[2] = mul(x, c) {activation=none}
        constant half: f32[] = [0.5]
        e: f32[2] = mul(d, half) {activation=none} from [gelu]
        output e`,
      after: `
        input x: f32[2]
        e: f32[2] = gelu(x) {approximate=false} from [gelu]
        output e`,
    },
    {
      name: "hard swish by a clamp from 0 to 6",
      before: `
        input x: f32[2]
        constant three: f32[] = [3]
        a: f32[2] = add(x, three) {activation=none}
        b: f32[2] = clamp(a) {minimum=0, maximum=6}
        c: f32[2] = mul(x, b) {activation=none}
        constant six: f32[] = [6]
        d: f32[2] = div(c, six) {activation=none}
        output d`,
      after: `
        input x: f32[2]
        d: f32[2] = hardSwish(x)
        output d`,
    },
    {
      name: "a gate of another slope",
      before: `
        input x: f32[2]
        constant two: f32[] = [2]
        a: f32[2] = add(x, two) {activation=none}
        b: f32[2] = clamp(a) {minimum=0, maximum=6}
        c: f32[2] = mul(x, b) {activation=none}
        output c`,
    },
  ],
});

function activated(graph: Graph, node: Node, x: Value, { op, attributes }: Activation): Value {
  const name = `${node.name}.${op.name}`;
  return graph.addNode({ op, inputs: [x], attributes, name, origin: node.origin, before: node }).outputs[0];
}

function numberFor(graph: Graph, node: Node, value: number): Value {
  return graph.addConstant(`${node.name}.factor`, fromNumbers("f32", [], [value]));
}
