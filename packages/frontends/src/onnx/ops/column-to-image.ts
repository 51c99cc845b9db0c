import { elementCount, type Value } from "@millrace/ir";
import type { Importer, SourceNode } from "../source-node.ts";
import { positionsOf } from "./covered.ts";
import { knownShape } from "./known-shape.ts";
import { overlapping, sumOfPicks } from "./overlap.ts";
import { perAxis, windowOf } from "./spatial.ts";
import { reshaped } from "./weights.ts";

/** Lays blocks [batch, channels · block, positions] down where a window would have covered them, and sums what overlaps. */
function columnsToImage(node: SourceNode): Value {
  const [batch, columns, count] = knownShape(node, node.shape(0));
  const [sizes, block] = [node.numbers(1), node.numbers(2)];
  if (sizes.length !== block.length) node.invalid(`its image is [${sizes}], and its block [${block}]`);
  const window = windowOf(node, sizes, perAxis(node, "block_shape", block, sizes.length));
  const positions = window.map((sliding, axis) => positionsOf(node, sizes[axis], sliding));
  const [taps, channels] = [elementCount(block), columns / elementCount(block)];
  if (elementCount(positions) !== count || !Number.isInteger(channels))
    node.invalid(`[${node.shape(0)}] are not the blocks of [${block}] in an image of [${sizes}]`);
  node.reserve(64 * (elementCount(sizes) + taps * count));
  const lists = window.reduce<readonly (readonly { readonly position: number; readonly tap: number }[])[]>(
    (outer, sliding, axis) => {
      const line = overlapping(node, sizes[axis], positions[axis], sliding);
      return outer.flatMap((before) =>
        line.map((inner) =>
          before.flatMap(({ position, tap }) =>
            inner.map((one) => ({
              position: position * positions[axis] + one.position,
              tap: tap * sliding.kernel + one.tap,
            })),
          ),
        ),
      );
    },
    [[{ position: 0, tap: 0 }]],
  );
  const picks = lists.map((list) => list.map(({ position, tap }) => tap * count + position));
  const blocks = reshaped(node, node.input(0), [batch * channels, taps * count, 1]);
  return reshaped(node, sumOfPicks(node, blocks, picks), [batch, channels, ...sizes]);
}

export const columnOperators: Readonly<Record<string, Importer>> = { Col2Im: columnsToImage };
