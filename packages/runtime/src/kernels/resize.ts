import { integersOf, type KernelFactory, resultOf } from "./kernel.ts";
import { channelsLast } from "./layout.ts";
import { evaluated } from "./movement.ts";

/** The two positions a position of the result lies between, and the share of the second. */
export interface Neighbours {
  readonly lower: number;
  readonly upper: number;
  readonly share: number;
}

/** How positions of an axis are found and how four elements become one: [top left, top right, bottom left, bottom right]. */
interface Mixing {
  neighbours(from: number, to: number, coordinates: unknown): readonly Neighbours[];
  mix(corners: readonly [number, number, number, number], row: number, column: number): number;
}

/** Numbers of positions, or of the steps between them where the corners are aligned. */
function lengths(from: number, to: number, coordinates: unknown): readonly [number, number] {
  return coordinates === "alignCorners" && to > 1 ? [from - 1, to - 1] : [from, to];
}

/** Shares in 1024ths, halves rounded away from zero. */
export const fixedPointMixing: Mixing = {
  neighbours(from, to, coordinates) {
    const [size, steps] = lengths(from, to, coordinates);
    const scale = Math.floor((1024 * size + Math.floor(steps / 2)) / steps);
    const offset = coordinates === "halfPixel" ? Math.floor(scale / 2) - 512 : 0;
    return Array.from({ length: to }, (_, at) => {
      const place = at * scale + offset;
      const lower = Math.max(Math.trunc(place / 1024), 0);
      const upper = Math.min(Math.trunc((place + 1023) / 1024), from - 1);
      return { lower, upper, share: place - 1024 * lower };
    });
  },
  mix([topLeft, topRight, bottomLeft, bottomRight], row, column) {
    const top = topLeft * (1024 - column) + topRight * column;
    const bottom = bottomLeft * (1024 - column) + bottomRight * column;
    const sum = top * (1024 - row) + bottom * row;
    return Math.trunc((sum + (sum > 0 ? 2 ** 19 : -(2 ** 19))) / 2 ** 20);
  },
};

const single = Math.fround;

/** Every step in float32, in the order of TFLite's ResizeBilinear, halves rounded up. */
const floatingPoint: Mixing = {
  neighbours(from, to, coordinates) {
    const [size, steps] = lengths(from, to, coordinates);
    const scale = single(size / steps);
    return Array.from({ length: to }, (_, at) => {
      const place = coordinates === "halfPixel" ? single(single((at + 0.5) * scale) - 0.5) : single(at * scale);
      const lower = Math.max(Math.floor(place), 0);
      return { lower, upper: Math.min(Math.ceil(place), from - 1), share: single(place - lower) };
    });
  },
  mix([topLeft, topRight, bottomLeft, bottomRight], row, column) {
    const [above, before] = [single(1 - row), single(1 - column)];
    const left = single(single(single(topLeft * above) * before) + single(single(bottomLeft * row) * before));
    const upper = single(left + single(single(topRight * above) * column));
    return Math.trunc(single(single(upper + single(single(bottomRight * row) * column)) + 0.5));
  },
};

function bilinear({ neighbours, mix }: Mixing): KernelFactory {
  return channelsLast(({ attributes: { coordinates } }) => ([x], [type]) => {
    const source = integersOf(x);
    const { tensor, data } = resultOf(type);
    const [, height, width, channels] = x!.shape;
    const [batches, outHeight, outWidth] = tensor.shape;
    const rows = neighbours(height, outHeight, coordinates);
    const columns = neighbours(width, outWidth, coordinates);
    let to = 0;
    for (let batch = 0; batch < batches; batch++) {
      for (const row of rows) {
        const above = (batch * height + row.lower) * width;
        const below = (batch * height + row.upper) * width;
        for (const column of columns) {
          for (let c = 0; c < channels; c++) {
            const at = (pixel: number) => source[pixel * channels + c];
            const [top, bottom] = [above, below].map((line) => [at(line + column.lower), at(line + column.upper)]);
            data[to++] = mix([top[0], top[1], bottom[0], bottom[1]], row.share, column.share);
          }
        }
      }
    }
    return [tensor];
  });
}

const signedBilinear = bilinear(fixedPointMixing);
const unsignedBilinear = bilinear(floatingPoint);

/** Stored integers: mixed in fixed point, unsigned ones in floating point; nearest ones are moved. */
export const integerResize: KernelFactory = (node, context) => {
  if (node.attributes.mode !== "bilinear") return evaluated(node, context);
  return (node.inputs[0]?.type.dtype === "u8" ? unsignedBilinear : signedBilinear)(node, context);
};
