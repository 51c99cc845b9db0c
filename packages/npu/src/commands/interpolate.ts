import { fixedPointMixing } from "@millrace/runtime";
import { defineCommand, streaming } from "./command.ts";
import { greatestSize, mostTaps } from "./window.ts";

/** How positions of the result lie on the data, by the number in the stream. */
export const coordinateNames = ["asymmetric", "halfPixel", "alignCorners"] as const;

/** Numbers that one of the result is made of. */
const corners = 4;

/**
 * Images scaled to another size, each pixel of four of the data with shares of 1024ths, halves rounded away from zero. Cycles: four numbers of the data and
 * one of the result through the data port.
 */
export const interpolate = defineCommand({
  name: "interpolate",
  code: 13,
  fields: ["input", "height", "width", "depth", "output", "outputHeight", "outputWidth", "coordinates"],
  addresses: ["input", "output"],
  problems: ({ height, width, depth, outputHeight, outputWidth, coordinates }) => {
    const sizes = { height, width, depth, outputHeight, outputWidth };
    return [
      ...Object.entries(sizes).flatMap(([name, size]) =>
        size >= 1 && size <= greatestSize ? [] : [`${name} is ${size}, not from 1 to ${greatestSize}`],
      ),
      ...(outputHeight * outputWidth * depth > mostTaps ? ["it would take hours"] : []),
      ...(coordinates in coordinateNames ? [] : [`coordinates ${coordinates} are not known`]),
    ];
  },
  reads: ({ input, height, width, depth }) => [{ address: input, bytes: height * width * depth }],
  writes: ({ output, outputHeight, outputWidth, depth }) => [
    { address: output, bytes: outputHeight * outputWidth * depth },
  ],
  work: ({ outputHeight, outputWidth, depth }, machine, overheads) =>
    streaming((corners + 1) * outputHeight * outputWidth * depth, machine, overheads),
  execute({ input, height, width, depth, output, outputHeight, outputWidth, coordinates }, memory) {
    const source = memory.integersOf(input, height * width * depth);
    const target = memory.integersOf(output, outputHeight * outputWidth * depth);
    const kind = coordinateNames[coordinates];
    const columns = fixedPointMixing.neighbours(width, outputWidth, kind);
    let to = 0;
    for (const row of fixedPointMixing.neighbours(height, outputHeight, kind)) {
      for (const column of columns) {
        const [topLeft, topRight, bottomLeft, bottomRight] = [row.lower, row.upper].flatMap((line) =>
          [column.lower, column.upper].map((pixel) => (line * width + pixel) * depth),
        );
        for (let channel = 0; channel < depth; channel++) {
          const at = (pixel: number) => source[pixel + channel];
          const four = [at(topLeft), at(topRight), at(bottomLeft), at(bottomRight)] as const;
          target[to++] = fixedPointMixing.mix(four, row.share, column.share);
        }
      }
    }
  },
});
