import { integersOf, type KernelFactory, resultOf } from "./kernel.ts";
import { channelsLast } from "./layout.ts";
import { evaluated } from "./movement.ts";

/** For every position of the result the two it lies between and the share of the second, with 10 bits after the point. */
function neighbours(from: number, to: number, coordinates: unknown) {
  const corners = coordinates === "alignCorners" && to > 1;
  const [size, steps] = corners ? [from - 1, to - 1] : [from, to];
  const scale = Math.floor((1024 * size + Math.floor(steps / 2)) / steps);
  const offset = coordinates === "halfPixel" ? Math.floor(scale / 2) - 512 : 0;
  return Array.from({ length: to }, (_, at) => {
    const place = at * scale + offset;
    const lower = Math.max(Math.trunc(place / 1024), 0);
    const upper = Math.min(Math.trunc((place + 1023) / 1024), from - 1);
    return { lower, upper, share: place - 1024 * lower };
  });
}

/** Stored integers mixed with 10-bit shares, halves rounded away from zero. */
const bilinear: KernelFactory = (node) => {
  const { coordinates } = node.attributes;
  return ([x], [type]) => {
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
            const top = at(above + column.lower) * (1024 - column.share) + at(above + column.upper) * column.share;
            const bottom = at(below + column.lower) * (1024 - column.share) + at(below + column.upper) * column.share;
            const sum = top * (1024 - row.share) + bottom * row.share;
            data[to++] = Math.trunc((sum + (sum > 0 ? 2 ** 19 : -(2 ** 19))) / 2 ** 20);
          }
        }
      }
    }
    return [tensor];
  };
};

const channelLastBilinear = channelsLast(bilinear);

export const integerResize: KernelFactory = (node, context) =>
  (node.attributes.mode === "bilinear" ? channelLastBilinear : evaluated)(node, context);
