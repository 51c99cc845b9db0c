import { elementCount } from "@millrace/ir";
import { broadcastOffsets } from "../kernels/broadcast.ts";
import { affineOf } from "../kernels/kernel.ts";
import { combinations, type PairParts, type PreparePair } from "../kernels/pairwise.ts";
import type { Command } from "./commands.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import { placeScaling } from "./parameters.ts";
import { sumScaling } from "./sums.ts";
import { byBytes } from "./tables.ts";

/** Sums that are computed before they are scaled. */
const room = 512;

/** Rows of pairs that follow one another in both inputs, or are the same element. */
interface Rows {
  readonly length: number;
  readonly steps: readonly number[];
  readonly offsets: readonly Int32Array[];
}

/** Splits a shape where one of the inputs begins to be repeated. */
export function rowsOf(shape: readonly number[], inputs: readonly (readonly number[])[]): Rows {
  const sizes = inputs.map((input) => [...new Array<number>(shape.length - input.length).fill(1), ...input]);
  const repeated = (axis: number) => sizes.map((input) => input[axis] !== shape[axis]);
  let axis = shape.length;
  let kinds: readonly boolean[] | undefined;
  while (axis > 0) {
    const next = repeated(axis - 1);
    if (shape[axis - 1] > 1) {
      if (kinds?.some((kind, index) => kind !== next[index])) break;
      kinds = next;
    }
    axis--;
  }
  const length = elementCount(shape.slice(axis));
  const inner = sizes.map((input) => elementCount(input.slice(axis)));
  const offsets = broadcastOffsets(
    shape.slice(0, axis),
    sizes.map((input) => input.slice(0, axis)),
  );
  return {
    length,
    steps: sizes.map((_, index) => Number(!kinds?.[index])),
    offsets: offsets.map((list, index) => list.map((offset) => offset * inner[index])),
  };
}

/** The least and the greatest sum, or further apart. */
function reachOf({ left, right, combine }: PairParts): readonly [number, number] {
  const [a, b] = [left, right].map((table) => [Math.min(...table), Math.max(...table)]);
  const corners = a.flatMap((x) => b.map((y) => combinations[combine](x, y)));
  return [Math.min(0, ...corners), Math.max(0, ...corners)];
}

const numbers = { sum: 0, product: 1, square: 2, greatest: 3, least: 4 } satisfies Record<PairParts["combine"], number>;

/** Arithmetic on pairs of 8-bit elements, either of which may be repeated. */
export function fastPairwise(prepare: PreparePair): FastKernelFactory {
  return ({ node, context, typeOf }) => {
    const [a, b] = node.inputs;
    const [y] = node.outputs;
    if (!isByte(a) || !isByte(b) || !isByte(y)) return undefined;
    const parts = prepare(node, context);
    const { dtype } = y.type;
    const scaling = sumScaling(parts, context, { reach: reachOf(parts), count: elementCount(typeOf(y).shape), dtype });
    const tables = [byBytes(parts.left, affineOf(a, node)), byBytes(parts.right, affineOf(b, node))];
    const { length, steps, offsets } = rowsOf(
      typeOf(y).shape,
      [a, b].map((value) => typeOf(value).shape),
    );
    const place = (layout: Layout): readonly Command[] => {
      const constants = [...offsets, ...tables].map((data) => layout.constant(data));
      const parameters = layout.constant(
        Int32Array.of(
          ...[a, b, y].map((value) => layout.addressOf(value)),
          ...[offsets[0].length, length, ...steps, ...constants, placeScaling(layout, scaling, dtype)],
          ...[layout.scratch, room, numbers[parts.combine]],
        ),
      );
      return [{ operation: "combine", parameters }];
    };
    return { reads: [a, b], scratch: 4 * room, place };
  };
}
