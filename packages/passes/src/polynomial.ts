import { type Node, numbersOf, type Operator, type Value } from "@millrace/ir";
import { add, div, mul, neg, pow, square, sub } from "@millrace/ops";

/** Coefficients of 1, x, x², …; at most of x³. */
export type Coefficients = readonly number[];

const highestDegree = 3;
/** Nodes that one polynomial may be written with. */
const mostNodes = 12;

const plus = (a: Coefficients, b: Coefficients) =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, at) => (a[at] ?? 0) + (b[at] ?? 0));
const scaled = (a: Coefficients, factor: number) => a.map((coefficient) => coefficient * factor);

function times(a: Coefficients, b: Coefficients): Coefficients | undefined {
  if (a.length + b.length - 2 > highestDegree) return undefined;
  const product = new Array<number>(a.length + b.length - 1).fill(0);
  for (const [i, left] of a.entries()) for (const [j, right] of b.entries()) product[i + j] += left * right;
  return product;
}

function quotient(a: Coefficients, b: Coefficients): Coefficients | undefined {
  return b.length === 1 && b[0] !== 0 ? scaled(a, 1 / b[0]) : undefined;
}

function power(a: Coefficients, b: Coefficients): Coefficients | undefined {
  const [exponent] = b;
  if (b.length > 1 || !Number.isInteger(exponent) || exponent < 1 || exponent > highestDegree) return undefined;
  let result: Coefficients | undefined = a;
  for (let count = 1; count < exponent && result; count++) result = times(result, a);
  return result;
}

type Rule = (a: Coefficients, b: Coefficients) => Coefficients | undefined;

const rules: ReadonlyMap<Operator, Rule> = new Map<Operator, Rule>([
  [add, plus],
  [sub, (a, b) => plus(a, scaled(b, -1))],
  [mul, times],
  [div, quotient],
  [pow, power],
  [square, (a) => times(a, a)],
  [neg, (a) => scaled(a, -1)],
]);

/** The number that every element of a constant is; undefined for other constants and values. */
export function constantNumber({ constant, type }: Value): number | undefined {
  if (constant === undefined || type.shape.some((size) => size !== 1)) return undefined;
  return numbersOf(constant)[0];
}

/** `value` as a polynomial in `x`, element by element, or undefined if it is none of a low degree. */
export function polynomialIn(value: Value, x: Value): Coefficients | undefined {
  let nodes = 0;
  const read = (part: Value): Coefficients | undefined => {
    if (part === x) return [0, 1];
    const number = constantNumber(part);
    if (number !== undefined) return [number];
    const { producer } = part;
    const rule = producer && isPlain(producer) ? rules.get(producer.op) : undefined;
    if (rule === undefined || ++nodes > mostNodes) return undefined;
    const [first, second = first] = producer!.inputs.map((input) => read(input!));
    return first && second && rule(first, second);
  };
  return read(value);
}

function isPlain({ attributes, inputs, outputs }: Node): boolean {
  return (
    (attributes["activation"] ?? "none") === "none" &&
    inputs.every((input) => input !== undefined) &&
    outputs[0].type.dtype === "f32"
  );
}
