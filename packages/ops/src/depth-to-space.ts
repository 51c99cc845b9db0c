import { divideDimensions, multiplyDimensions, reshapeTensor, type Shape, type Tensor } from "@millrace/ir";
import { type Layout, layout, oneOf, positiveInteger } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { transposeTensor } from "./transpose.ts";
import { flipLayout } from "./transposing.ts";
import { fourAxes, imageShape, imageStrides, spatialAxes } from "./window.ts";

const order = oneOf("depthFirst", "columnFirst");
type Order = "depthFirst" | "columnFirst";
type Role = "n" | "c" | "h" | "w" | "y" | "x";

/** Axes of the deep image with its channels taken apart: blocks of y by x positions outside (depthFirst) or inside (columnFirst) of channel c. */
function deepRoles(kind: Layout, order: Order): readonly Role[] {
  const channels: Role[] = order === "depthFirst" ? ["y", "x", "c"] : ["c", "y", "x"];
  return kind === "first" ? ["n", ...channels, "h", "w"] : ["n", "h", "w", ...channels];
}

/** Axes of the wide image with its height and width taken apart. */
function wideRoles(kind: Layout): readonly Role[] {
  return kind === "first" ? ["n", "c", "h", "y", "w", "x"] : ["n", "h", "y", "w", "x", "c"];
}

/** How data moves: it is taken apart into axes of these sizes, which are then put in another order. */
export interface Rearrangement {
  readonly sizes: readonly number[];
  readonly permutation: readonly number[];
}

interface Blocks {
  readonly block: number;
  readonly layout: Layout;
  readonly order: Order;
}

function rearrangement(
  from: readonly Role[],
  to: readonly Role[],
  sizes: Readonly<Record<Role, number>>,
): Rearrangement {
  return { sizes: from.map((role) => sizes[role]), permutation: to.map((role) => from.indexOf(role)) };
}

/** What depthToSpace does to an image of this shape. */
export function depthToSpaceMoves(shape: readonly number[], { block, layout, order }: Blocks): Rearrangement {
  const { height, width, channels } = imageStrides(shape, layout);
  const sizes = { n: shape[0], c: channels / block ** 2, h: height, w: width, y: block, x: block };
  return rearrangement(deepRoles(layout, order), wideRoles(layout), sizes);
}

/** What spaceToDepth does to an image of this shape. */
export function spaceToDepthMoves(shape: readonly number[], { block, layout, order }: Blocks): Rearrangement {
  const { height, width, channels } = imageStrides(shape, layout);
  const sizes = { n: shape[0], c: channels, h: height / block, w: width / block, y: block, x: block };
  return rearrangement(wideRoles(layout), deepRoles(layout, order), sizes);
}

function move(x: Tensor, { sizes, permutation }: Rearrangement, shape: Shape): Tensor {
  return reshapeTensor(transposeTensor(reshapeTensor(x, sizes), permutation), shape as readonly number[]);
}

const divisible = (size: Shape[number], by: number) => typeof size === "string" || size % by === 0;

/** Spreads channels over blocks of block by block pixels. depthFirst takes channel (y · block + x) · C + c for position (y, x), columnFirst c · block² + y · block + x. */
export const depthToSpace = defineOp({
  name: "depthToSpace",
  inputs: { x: one() },
  attributes: { block: positiveInteger, layout, order },
  quantization: { kind: "same", inputs: ["x"], bytes: true },
  check: [
    fourAxes,
    [
      "block squared divides the channels of x",
      ({ x }, { block, layout }) => divisible(x.type.shape[spatialAxes(layout).channels], block * block),
    ],
  ],
  infer({ x }, { block, layout }) {
    const { height, width, channels } = spatialAxes(layout);
    const { dtype, shape } = x.type;
    const [taller, wider] = [multiplyDimensions(shape[height], block), multiplyDimensions(shape[width], block)];
    return {
      dtype,
      shape: imageShape(layout, [shape[0], taller, wider, divideDimensions(shape[channels], block ** 2)]),
    };
  },
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  evaluate: ({ x }, attributes, [output]) => move(x, depthToSpaceMoves(x.shape, attributes), output.shape),
  samples: [
    {
      name: "four channels become four pixels",
      attributes: { block: 2, layout: "last", order: "depthFirst" },
      inputs: [f32([[[[1, 2, 3, 4]]]])],
      outputs: [
        f32([
          [
            [[1], [2]],
            [[3], [4]],
          ],
        ]),
      ],
    },
    {
      name: "depth first",
      attributes: { block: 2, layout: "first", order: "depthFirst" },
      inputs: [f32([[[[1]], [[2]], [[3]], [[4]], [[5]], [[6]], [[7]], [[8]]]])],
      outputs: [
        f32([
          [
            [
              [1, 3],
              [5, 7],
            ],
            [
              [2, 4],
              [6, 8],
            ],
          ],
        ]),
      ],
    },
    {
      name: "column first",
      attributes: { block: 2, layout: "first", order: "columnFirst" },
      inputs: [f32([[[[1]], [[2]], [[3]], [[4]], [[5]], [[6]], [[7]], [[8]]]])],
      outputs: [
        f32([
          [
            [
              [1, 2],
              [3, 4],
            ],
            [
              [5, 6],
              [7, 8],
            ],
          ],
        ]),
      ],
    },
  ],
});

/** Gathers blocks of block by block pixels into channels; undoes depthToSpace of the same order. */
export const spaceToDepth = defineOp({
  name: "spaceToDepth",
  inputs: { x: one() },
  attributes: { block: positiveInteger, layout, order },
  quantization: { kind: "same", inputs: ["x"], bytes: true },
  check: [
    fourAxes,
    [
      "block divides the height and width of x",
      ({ x }, { block, layout }) => {
        const { height, width } = spatialAxes(layout);
        return divisible(x.type.shape[height], block) && divisible(x.type.shape[width], block);
      },
    ],
  ],
  infer({ x }, { block, layout }) {
    const { height, width, channels } = spatialAxes(layout);
    const { dtype, shape } = x.type;
    const [lower, narrower] = [divideDimensions(shape[height], block), divideDimensions(shape[width], block)];
    return {
      dtype,
      shape: imageShape(layout, [shape[0], lower, narrower, multiplyDimensions(shape[channels], block ** 2)]),
    };
  },
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  evaluate: ({ x }, attributes, [output]) => move(x, spaceToDepthMoves(x.shape, attributes), output.shape),
  samples: [
    {
      name: "four pixels become four channels",
      attributes: { block: 2, layout: "last", order: "depthFirst" },
      inputs: [
        f32([
          [
            [[1], [2]],
            [[3], [4]],
          ],
        ]),
      ],
      outputs: [f32([[[[1, 2, 3, 4]]]])],
    },
    {
      name: "two channels, column first",
      attributes: { block: 2, layout: "first", order: "columnFirst" },
      inputs: [
        f32([
          [
            [
              [1, 2],
              [3, 4],
            ],
            [
              [5, 6],
              [7, 8],
            ],
          ],
        ]),
      ],
      outputs: [f32([[[[1]], [[2]], [[3]], [[4]], [[5]], [[6]], [[7]], [[8]]]])],
    },
  ],
});
