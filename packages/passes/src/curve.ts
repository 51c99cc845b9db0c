import { type Node, type Operator, reshapeTensor, type Tensor, type Value } from "@millrace/ir";
import {
  arithmeticOperators,
  cast,
  clamp,
  comparisonOperators,
  elu,
  gelu,
  leakyRelu,
  plainBinaryOperators,
  select,
  unaryOperators,
} from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";

/** Nodes that one function may be written with. */
const mostNodes = 32;

const elementwise: ReadonlySet<Operator> = new Set<Operator>([
  ...Object.values(unaryOperators),
  ...Object.values(arithmeticOperators),
  ...Object.values(plainBinaryOperators),
  ...Object.values(comparisonOperators),
  ...[cast, clamp, elu, gelu, leakyRelu, select],
]);

/** Whether a node looks at each element of what it reads alone. */
export function isElementwise({ op }: Node): boolean {
  return elementwise.has(op);
}

/**
 * What the elements of `value` are where those of `x` are `points`; undefined unless each is computed from one element of x and from
 * single numbers alone, by a few nodes.
 */
export function curveOf(value: Value, x: Value, points: Tensor): Tensor | undefined {
  const known = new Map([[x, points]]);
  for (const { op, inputs, attributes, outputs } of nodesFrom(x, value)) {
    const operands = inputs.map((input) => known.get(input!) ?? reshapeTensor(input!.constant!, []));
    const shape = operands.some((operand) => operand.shape.length > 0) ? points.shape : [];
    const [{ type }] = outputs;
    known.set(outputs[0], op.evaluate!(operands, attributes, [{ dtype: type.dtype, shape }])[0]);
  }
  return known.get(value);
}

/** The nodes that make a value out of x element by element, in order; none where others take part. */
function nodesFrom(x: Value, value: Value): readonly Node[] {
  const found = new Set<Node>();
  let visits = 0;
  const isReached = (part: Value | undefined): boolean => {
    if (part === undefined) return false;
    const { producer } = part;
    if (part === x || constantNumber(part) !== undefined || (producer && found.has(producer))) return true;
    if (producer === undefined || !isElementwise(producer) || ++visits > mostNodes) return false;
    const isMade = producer.inputs.every(isReached);
    found.add(producer);
    return isMade;
  };
  return isReached(value) ? [...found] : [];
}
