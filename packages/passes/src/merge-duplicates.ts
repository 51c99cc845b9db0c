import { bodiesOf, bytesOf, type Graph, type Node, type Tensor, type Value } from "@millrace/ir";
import type { Pass } from "./pass.ts";
import { isOutput } from "./rewrite.ts";

/** Constants of up to this many bytes are compared by what they hold. */
const smallBytes = 256;

/**
 * Lets readers of equal nodes (same operator, attributes and inputs, no bodies) share the first of them. Constants count as equal if they are
 * the same tensor, or small and hold the same; larger ones are not compared, and equal constants of nodes that differ otherwise
 * stay apart, because quantization gives each reader's weights and biases scales of their own.
 */
export const mergeDuplicates: Pass = {
  name: "merge-duplicates",
  run(graph, context) {
    const firsts = new Firsts();
    let changes = 0;
    for (const node of graph.nodes()) {
      const first = firsts.of(node);
      if (first === node) continue;
      const twice = node.outputs.find(
        (value, index) => isOutput(graph, value) && isOutput(graph, first.outputs[index]),
      );
      if (twice) {
        context.note({
          pass: this.name,
          node: node.name,
          message: `output ${twice.name} is the same as ${first.name}`,
        });
        continue;
      }
      shareResults(graph, first, node);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "equal sums of equal constants, and what is made of them",
      before: `
        input x: f32[2]
        constant a: f32[2] = [1, 2]
        b: f32[2] = add(x, a) {activation=none} from [first]
        constant c: f32[2] = [1, 2]
        d: f32[2] = add(x, c) {activation=none} from [second]
        e: f32[2] = neg(b)
        f: f32[2] = neg(d)
        y: f32[2] = mul(e, f) {activation=none}
        output y`,
      after: `
        input x: f32[2]
        constant a: f32[2] = [1, 2]
        b: f32[2] = add(x, a) {activation=none} from [first]
        e: f32[2] = neg(b)
        y: f32[2] = mul(e, e) {activation=none}
        output y`,
    },
    {
      name: "a second one that is an output, whose name stays",
      before: `
        input x: f32[2]
        a: f32[2] = neg(x)
        b: f32[2] = neg(x)
        c: f32[2] = square(a)
        output b
        output c`,
      after: `
        input x: f32[2]
        b: f32[2] = neg(x) named a
        c: f32[2] = square(b)
        output b
        output c`,
    },
    {
      name: "a second output that is the same",
      before: `
        input x: f32[2]
        a: f32[2] = neg(x)
        b: f32[2] = neg(x)
        output a
        output b`,
      noted: "output b is the same as a",
    },
    {
      name: "clamps to different ranges",
      before: `
        input x: f32[2]
        a: f32[2] = clamp(x) {minimum=0, maximum=6}
        b: f32[2] = clamp(x) {minimum=0, maximum=Infinity}
        y: f32[2] = mul(a, b) {activation=none}
        output y`,
    },
    {
      name: "results that stand for reals in different ways",
      before: `
        input x: f32[2]
        a: i8[2]<scale=[1], zeroPoint=[0]> = quantize(x) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=away}
        b: i8[2]<scale=[2], zeroPoint=[0]> = quantize(x) {dtype=i8, scale=[2], zeroPoint=[0], axis=-1, rounding=away}
        c: f32[2] = dequantize(a)
        d: f32[2] = dequantize(b)
        y: f32[2] = mul(c, d) {activation=none}
        output y`,
    },
  ],
};

/** Lets readers of `second` read the results of `first`, which take over the names of outputs of the graph. */
function shareResults(graph: Graph, first: Node, second: Node): void {
  const names = second.outputs.map((value) => (isOutput(graph, value) ? value.name : undefined));
  for (const [index, value] of second.outputs.entries()) graph.replaceUses(value, first.outputs[index]);
  graph.removeNode(second);
  names.forEach((name, index) => {
    if (name !== undefined) graph.rename(first.outputs[index], name);
  });
}

/** Knows the first of equal nodes. Nodes are described in full only where their operator and first input are the same. */
class Firsts {
  readonly #alone = new Map<string, Node>();
  readonly #described = new Map<string, Node>();
  readonly #identify = identifier();

  of(node: Node): Node {
    if (bodiesOf(node.attributes).length > 0) return node;
    const start = `${node.op.name} ${this.#identify(node.inputs[0])}`;
    const other = this.#alone.get(start);
    if (other === undefined) {
      this.#alone.set(start, node);
      return node;
    }
    this.#first(other);
    return this.#first(node);
  }

  #first(node: Node): Node {
    const inputs = node.inputs.map(this.#identify);
    const types = node.outputs.map(({ type }) => type);
    const key = JSON.stringify([node.op.name, inputs, node.attributes, types], plain);
    const known = this.#described.get(key);
    if (known === undefined) this.#described.set(key, node);
    return known ?? node;
  }
}

/** Gives equal values the same number. */
function identifier(): (value: Value | undefined) => number {
  const numbers = new Map<Value | Tensor | string, number>();
  const numberOf = (key: Value | Tensor | string) => {
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  };
  return (value) => {
    if (value === undefined) return -1;
    const { constant, type } = value;
    if (constant === undefined || type.quantization) return numberOf(value);
    const bytes = bytesOf(constant);
    if (bytes.length > smallBytes) return numberOf(constant);
    return numberOf(`${constant.dtype} ${constant.shape} ${bytes}`);
  };
}

/** JSON has no infinite numbers. */
function plain(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? `${value}` : value;
}
