import type { Region } from "../region.ts";
import type { Part, Tiling } from "./command.ts";

/** Fields of a window that slides over channel-last data, of which a command computes some rows and some channels of the result. */
export const windowFields = [
  "input",
  "height",
  "width",
  "depth",
  "output",
  "outputHeight",
  "outputWidth",
  "channels",
  "kernelHeight",
  "kernelWidth",
  "strideY",
  "strideX",
  "dilationY",
  "dilationX",
  "top",
  "left",
  "firstRow",
  "rows",
  "firstChannel",
  "count",
] as const;

export type WindowFields = Readonly<Record<(typeof windowFields)[number], number>>;

/** What is wrong with a window's fields. */
export function windowProblems(fields: WindowFields): readonly string[] {
  const sizes = [
    "height",
    "width",
    "depth",
    "outputHeight",
    "outputWidth",
    "channels",
    "kernelHeight",
    "kernelWidth",
  ] as const;
  const steps = ["strideY", "strideX", "dilationY", "dilationX", "rows", "count"] as const;
  const small = [...sizes, ...steps].filter((name) => fields[name] < 1 || fields[name] > greatestSize);
  const negative = (["top", "left", "firstRow", "firstChannel"] as const).filter((name) => fields[name] < 0);
  return [
    ...small.map((name) => `${name} is ${fields[name]}, not from 1 to ${greatestSize}`),
    ...negative.map((name) => `${name} is negative`),
    ...(fields.firstRow + fields.rows > fields.outputHeight ? ["the rows go beyond the result"] : []),
    ...(fields.firstChannel + fields.count > fields.channels ? ["the channels go beyond the result"] : []),
    ...(tapsOf(fields) > mostTaps ? ["it would take hours"] : []),
  ];
}

/** No size of a window, its data or its result is greater. */
export const greatestSize = 2 ** 20;
/** Nor are there more products of one command. */
export const mostTaps = 2 ** 34;

/** Numbers that the windows of a command cover. */
export function tapsOf({ rows, outputWidth, kernelHeight, kernelWidth, count }: WindowFields): number {
  return rows * outputWidth * kernelHeight * kernelWidth * count;
}

/** Rows of the data that the command's rows need: from the first up to, not including, the last. */
function neededRows(fields: WindowFields): readonly [number, number] {
  const { firstRow, rows, strideY, top, kernelHeight, dilationY, height } = fields;
  const first = firstRow * strideY - top;
  const last = (firstRow + rows - 1) * strideY - top + (kernelHeight - 1) * dilationY + 1;
  return [Math.min(height, Math.max(0, first)), Math.max(0, Math.min(height, last))];
}

/** The bytes of the data that the command's rows need, of so many for each element. */
export function windowReads(fields: WindowFields, elementBytes = 1): Region {
  const [first, last] = neededRows(fields);
  const row = fields.width * fields.depth * elementBytes;
  return { address: fields.input + first * row, bytes: Math.max(0, last - first) * row };
}

/** The bytes of the result that the command computes, of so many for each element. */
export function windowWrites(
  { output, firstRow, rows, outputWidth, channels, firstChannel, count }: WindowFields,
  elementBytes = 1,
): Region {
  const pixel = channels * elementBytes;
  const address = output + firstRow * outputWidth * pixel;
  if (count === channels) return { address, bytes: rows * outputWidth * pixel };
  const axes = [{ size: rows * outputWidth, step: pixel }];
  return { address: address + firstChannel * elementBytes, bytes: count * elementBytes, axes };
}

const bytes = { elementBytes: 1, resultBytes: 1 };

/** A window by rows of its result, with so many bytes for each element of data and results. */
export function windowTiling(fields: WindowFields, elements = bytes): Tiling {
  const { outputWidth, channels, rows } = fields;
  const grain = outputWidth * channels * elements.resultBytes;
  return {
    grain,
    part(from, to) {
      const first = Math.ceil(Math.max(0, from) / grain);
      const count = Math.min(rows, Math.ceil(to / grain)) - first;
      return count > 0 ? rowsOf(fields, first, count, elements) : undefined;
    },
  };
}

/** The window for some of its rows, with as much of the data as these need. */
function rowsOf(fields: WindowFields, first: number, count: number, { elementBytes, resultBytes }: typeof bytes): Part {
  const { top, strideY, height, width, depth, outputWidth, channels } = fields;
  const firstRow = fields.firstRow + first;
  const needed = neededRows({ ...fields, firstRow, rows: count });
  const from = Math.min(needed[0], height - 1);
  const to = Math.max(needed[1], from + 1);
  return {
    fields: { height: to - from, top: top + from - firstRow * strideY, firstRow: 0, rows: count, outputHeight: count },
    moved: {
      input: from * width * depth * elementBytes,
      output: firstRow * outputWidth * channels * resultBytes,
    },
  };
}

/** Visits the command's pixels: for each, `tap` gets the flat index of each data pixel's first channel that the window covers and the tap's number, then `end` the flat index of the result's first channel. */
export function slide(
  fields: WindowFields,
  tap: (at: number, number: number) => void,
  end: (at: number) => void,
): void {
  const { height, width, depth, outputWidth, channels, firstRow, rows } = fields;
  const { kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left } = fields;
  for (let y = firstRow; y < firstRow + rows; y++) {
    for (let x = 0; x < outputWidth; x++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        const row = y * strideY + ky * dilationY - top;
        if (row < 0 || row >= height) continue;
        for (let kx = 0; kx < kernelWidth; kx++) {
          const column = x * strideX + kx * dilationX - left;
          if (column >= 0 && column < width) tap((row * width + column) * depth, ky * kernelWidth + kx);
        }
      }
      end((y * outputWidth + x) * channels);
    }
  }
}
