import { numbersOf, type Value } from "@millrace/ir";
import { gather } from "@millrace/ops";
import { producedBy } from "./rewrite.ts";

/** Rows and columns that are picked from images with channels first, by lists that are constant. */
export interface PixelPicks {
  readonly x: Value;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

export const [rowAxis, columnAxis] = [2, 3];

/** The picks that a value is, if it is rows of picked columns or columns of picked rows. */
export function pixelPicksOf(value: Value): PixelPicks | undefined {
  if (value.type.shape.length !== 4) return undefined;
  const isColumns = value.producer?.attributes["axis"] === columnAxis;
  const [outer, inner] = isColumns ? [columnAxis, rowAxis] : [rowAxis, columnAxis];
  const last = picksAlong(value, outer);
  const first = last && picksAlong(last.x, inner);
  if (!last || !first) return undefined;
  const [rows, columns] = isColumns ? [first.at, last.at] : [last.at, first.at];
  return { x: first.x, rows, columns };
}

function picksAlong(value: Value, axis: number): { readonly x: Value; readonly at: Int32Array } | undefined {
  const node = producedBy(value, gather);
  if (!node || gather.attributesOf(node).axis !== axis) return undefined;
  const { data, indices } = gather.inputsOf(node);
  const size = data.type.shape[axis];
  if (!indices.constant || indices.type.shape.length !== 1 || typeof size !== "number") return undefined;
  return { x: data, at: Int32Array.from(numbersOf(indices.constant), (index) => (index < 0 ? index + size : index)) };
}

/** Height and width of the images that pixels are picked from. */
export function imageSizeOf({ x }: PixelPicks): readonly [height: number, width: number] {
  return x.type.shape.slice(rowAxis) as [number, number];
}
