import {
  elementCount,
  fromNumbers,
  type Graph,
  type Node,
  numbersOf,
  type Operator,
  onlyUse,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { mul, reshape, transpose } from "@millrace/ops";
import { removeNodes } from "./edit.ts";
import { producedBy } from "./rewrite.ts";

/** A positive constant factor of a value, and the value without it. */
export interface Scaled {
  readonly node: Node;
  readonly x: Value;
  readonly factor: number;
}

/** The greatest number of float32. */
const greatest = 3.4028234663852886e38;

/** Operators that move elements, which a factor of all of them might as well stand before. */
const moving: readonly Operator[] = [reshape, transpose];

/** The multiplication by one positive constant that makes the value, which nothing else reads. */
export function scaledBy(value: Value): Scaled | undefined {
  const node = producedBy(value, mul);
  if (node === undefined || node.outputs[0].type.dtype !== "f32") return undefined;
  if (mul.attributesOf(node).activation !== "none" || onlyUse(value) === undefined) return undefined;
  const index = node.inputs.findIndex((each) => each?.constant);
  const [x, constant] = [node.inputs[1 - index], node.inputs[index]?.constant];
  if (x === undefined || constant === undefined || elementCount(constant.shape) !== 1) return undefined;
  const factor = numbersOf(constant)[0];
  const whole = constant.shape.length <= x.type.shape.length;
  return whole && factor > 0 && Number.isFinite(factor) ? { node, x, factor } : undefined;
}

/** What makes a value, past nodes that only move its elements, as long as nothing else reads them. */
function origin(value: Value): Value {
  let at = value;
  while (at.producer && moving.includes(at.producer.op) && onlyUse(at)) at = at.producer.inputs[0]!;
  return at;
}

/** Factors that stand in a row before a value, among nodes that move its elements, and what they are factors of. */
export function factorsOf(value: Value): { readonly scaled: readonly Scaled[]; readonly source: Value } {
  const scaled: Scaled[] = [];
  let source = origin(value);
  for (let found = scaledBy(source); found !== undefined; found = scaledBy(source)) {
    scaled.push(found);
    source = origin(found.x);
  }
  return { scaled, source };
}

/** The product of factors. */
export function productOf(scaled: readonly Scaled[]): number {
  return scaled.reduce((product, { factor }) => product * factor, 1);
}

/** Lets what reads a product read what is multiplied. */
export function dropFactor(graph: Graph, { node, x }: Scaled): void {
  graph.replaceUses(node.outputs[0], x);
  removeNodes(graph, [node]);
}

/** What is added to scores that are divided by `divisor`; finite numbers stay finite, which a mask of the lowest ones does not notice. */
export function maskOver({ data, shape }: Tensor, divisor: number): Tensor {
  const numbers = Float64Array.from(data as Float32Array, (number) =>
    Number.isFinite(number) ? Math.min(greatest, Math.max(-greatest, number / divisor)) : number,
  );
  return fromNumbers("f32", shape, numbers);
}
