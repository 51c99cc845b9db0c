import { type Shape, sameShape, type Value } from "@millrace/ir";
import { reshape } from "@millrace/ops";

/** A shape [batch, n] under any number of axes of size 1, which a vector [n] lacks too; undefined if it has others in front. */
export function rowShape(shape: Shape): Shape | undefined {
  if (shape.length === 0 || shape.slice(0, -2).some((size) => size !== 1)) return undefined;
  return shape.length === 1 ? [1, ...shape] : shape.slice(-2);
}

/** Whether both are the same [batch, n] but for axes of size 1 in front. */
export function sameRows(a: Shape, b: Shape): boolean {
  const [left, right] = [rowShape(a), rowShape(b)];
  return left !== undefined && right !== undefined && sameShape(left, right);
}

/** What a reshape adds or drops axes of size 1 of, in front of rows; undefined if the value is none. */
export function behindUnitAxes({ producer, type }: Value): Value | undefined {
  const source = producer?.op === reshape ? producer.inputs[0]! : undefined;
  return source && sameRows(source.type.shape, type.shape) ? source : undefined;
}

/** The value [batch, n] before axes of size 1 were added or dropped in front. */
export function withoutUnitAxes(value: Value): Value {
  let current = value;
  for (let source = behindUnitAxes(current); source; source = behindUnitAxes(current)) current = source;
  return current;
}
