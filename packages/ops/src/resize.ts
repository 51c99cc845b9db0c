import { elementCount, fromNumbers, numbersOf, type Tensor } from "@millrace/ir";
import { layout, oneOf, positivePair } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { everyIndex, pick } from "./pick.ts";
import { flipLayout } from "./transposing.ts";
import { fourAxes, imageShape, imageStrides, spatialAxes } from "./window.ts";

/** Where output position `at` lies on an axis of the input, in elements from the first. */
const coordinates = {
  halfPixel: (at, from, to) => ((at + 0.5) * from) / to - 0.5,
  alignCorners: (at, from, to) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1)),
  asymmetric: (at, from, to) => (at * from) / to,
} satisfies Record<string, (at: number, from: number, to: number) => number>;

const roundings = {
  floor: Math.floor,
  ceil: Math.ceil,
  roundPreferFloor: (x) => Math.ceil(x - 0.5),
  roundPreferCeil: (x) => Math.floor(x + 0.5),
} satisfies Record<string, (x: number) => number>;

type Coordinates = keyof typeof coordinates;

/** Where each of `to` output positions lies on an axis of `from` elements, which bilinear scaling mixes the nearest two of. */
export function resizePlaces(kind: Coordinates, from: number, to: number): Float64Array {
  return Float64Array.from({ length: to }, (_, at) => Math.min(from - 1, Math.max(0, coordinates[kind](at, from, to))));
}

/** The element that nearest scaling takes for each of `to` output positions on an axis of `from` elements. */
export function nearestElements(
  kind: Coordinates,
  rounding: keyof typeof roundings,
  from: number,
  to: number,
): Int32Array {
  const rounded = (at: number) => roundings[rounding](coordinates[kind](at, from, to));
  return Int32Array.from({ length: to }, (_, at) => Math.min(from - 1, Math.max(0, rounded(at))));
}

/** For each output position the two elements it lies between and the share of the second. */
function neighbours(kind: Coordinates, from: number, to: number) {
  const lower = new Int32Array(to);
  const upper = new Int32Array(to);
  const share = new Float64Array(to);
  for (const [at, place] of resizePlaces(kind, from, to).entries()) {
    lower[at] = Math.floor(place);
    upper[at] = Math.min(from - 1, lower[at] + 1);
    share[at] = place - lower[at];
  }
  return { lower, upper, share };
}

/**
 * Images scaled to size [height, width]. `coordinates` says how output positions map to the input; nearest takes the
 * element that nearestRounding chooses, bilinear mixes the four around. TFLite's nearest is asymmetric with floor,
 * halfPixel or alignCorners with roundPreferCeil.
 */
export const resize = defineOp({
  name: "resize",
  inputs: { x: one("f32", "f16", "i8", "u8", "i16", "i32") },
  attributes: {
    mode: oneOf("nearest", "bilinear"),
    size: positivePair,
    coordinates: oneOf("halfPixel", "alignCorners", "asymmetric"),
    nearestRounding: oneOf("floor", "ceil", "roundPreferFloor", "roundPreferCeil"),
    layout,
  },
  quantization: { kind: "same", inputs: ["x"], rounds: true },
  check: [fourAxes, ["x has at least one pixel", ({ x }) => x.type.shape.every((size) => size !== 0)]],
  infer: ({ x }, { size: [height, width], layout }) => ({
    dtype: x.type.dtype,
    shape: imageShape(layout, [x.type.shape[0], height, width, x.type.shape[spatialAxes(layout).channels]]),
  }),
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  evaluate({ x }, { mode, size, coordinates: kind, nearestRounding, layout }, [output]) {
    if (mode === "bilinear")
      return fromNumbers(output.dtype, output.shape as number[], bilinear(x, size, kind, layout));
    const axes = spatialAxes(layout);
    const nearest = (from: number, to: number) => nearestElements(kind, nearestRounding, from, to);
    const lists = x.shape
      .map(everyIndex)
      .with(axes.height, nearest(x.shape[axes.height], size[0]))
      .with(axes.width, nearest(x.shape[axes.width], size[1]));
    return pick(x, lists);
  },
  samples: [
    {
      name: "twice as large, nearest",
      attributes: {
        mode: "nearest",
        size: [2, 4],
        coordinates: "asymmetric",
        nearestRounding: "floor",
        layout: "first",
      },
      inputs: [f32([[[[1, 2]]]])],
      outputs: [
        f32([
          [
            [
              [1, 1, 2, 2],
              [1, 1, 2, 2],
            ],
          ],
        ]),
      ],
    },
    {
      name: "bilinear between corners",
      attributes: {
        mode: "bilinear",
        size: [3, 3],
        coordinates: "alignCorners",
        nearestRounding: "floor",
        layout: "first",
      },
      inputs: [
        f32([
          [
            [
              [0, 2],
              [4, 6],
            ],
          ],
        ]),
      ],
      outputs: [
        f32([
          [
            [
              [0, 1, 2],
              [2, 3, 4],
              [4, 5, 6],
            ],
          ],
        ]),
      ],
    },
    {
      name: "bilinear from half pixels, two channels",
      attributes: {
        mode: "bilinear",
        size: [1, 4],
        coordinates: "halfPixel",
        nearestRounding: "floor",
        layout: "last",
      },
      inputs: [
        f32([
          [
            [
              [0, 8],
              [4, 0],
            ],
          ],
        ]),
      ],
      outputs: [
        f32([
          [
            [
              [0, 8],
              [1, 6],
              [3, 2],
              [4, 0],
            ],
          ],
        ]),
      ],
    },
  ],
});

function bilinear(x: Tensor, [height, width]: readonly number[], kind: Coordinates, layout: "first" | "last") {
  const source = numbersOf(x);
  const from = imageStrides(x.shape, layout);
  const [channels, size] = [from.channels, imageShape(layout, [x.shape[0], height, width, from.channels]) as number[]];
  const to = imageStrides(size, layout);
  const result = new Float64Array(elementCount(size));
  const [rows, columns] = [neighbours(kind, from.height, height), neighbours(kind, from.width, width)];
  for (let batch = 0; batch < x.shape[0]; batch++) {
    for (let oy = 0; oy < height; oy++) {
      const above = batch * from.batch + rows.lower[oy] * from.row;
      const below = batch * from.batch + rows.upper[oy] * from.row;
      for (let ox = 0; ox < width; ox++) {
        const [left, right] = [columns.lower[ox] * from.column, columns.upper[ox] * from.column];
        let target = batch * to.batch + oy * to.row + ox * to.column;
        for (let c = 0; c < channels; c++, target += to.channel) {
          const at = c * from.channel;
          const top = mix(source[above + left + at], source[above + right + at], columns.share[ox]);
          const bottom = mix(source[below + left + at], source[below + right + at], columns.share[ox]);
          result[target] = mix(top, bottom, rows.share[oy]);
        }
      }
    }
  }
  return result;
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
