import { asTheyAre, defineCommand } from "./command.ts";
import { slide, tapsOf, windowFields, windowProblems, windowReads, windowTiling, windowWrites } from "./window.ts";

export const poolKinds = { greatest: 0, mean: 1, meanWithPadding: 2, least: 3 } as const;

/**
 * The greatest, the least or the mean of each window, of stored integers that keep their scale; means of halves are rounded away from zero.
 *
 * Cycles: data are read once through the port; all but means also compare so many elements of windows in a cycle as the array's machine says.
 */
export const pool = defineCommand({
  name: "pool",
  code: 3,
  fields: [...windowFields, "pooling", "zero", "low", "high"],
  addresses: ["input", "output"],
  problems: (fields) => [
    ...windowProblems(fields),
    ...(fields.pooling in Object.values(poolKinds) ? [] : [`pooling ${fields.pooling} is not known`]),
    ...(fields.channels === fields.depth ? [] : ["channels and depth differ"]),
  ],
  reads: (fields) => [windowReads(fields)],
  writes: (fields) => [windowWrites(fields)],
  work(fields, { array, ports }, overheads, flow = asTheyAre) {
    const { rows, outputWidth, count, kernelHeight, kernelWidth, pooling } = fields;
    const share = count / fields.depth;
    const compares = isExtreme(pooling);
    const reading = Math.ceil((flow.read * windowReads(fields).bytes * share) / ports.data);
    const elements = rows * outputWidth * count * kernelHeight * kernelWidth;
    const comparing = compares ? Math.ceil(elements / (array.comparisons * array.cores)) : 0;
    const busy = Math.max(comparing, reading);
    return {
      macs: 0,
      busy,
      least: { array: 0, weights: 0, data: busy },
      boundBy: comparing > reading ? "window" : "data",
      beats: reading,
      writeBack: 0,
      start: overheads.operator,
    };
  },
  inLine: {
    takes: true,
    gives: true,
    behind: {
      feature: "pooling",
      byChannel: true,
      cycles(fields, { array }) {
        const count = Math.ceil(fields.count / array.pipelines);
        return { ready: 0, busy: tapsOf({ ...fields, count }) / array.cores };
      },
    },
  },
  tiling: (fields) => windowTiling(fields),
  execute(fields, memory) {
    const { input, output, height, width, depth, outputHeight, outputWidth, channels, pooling } = fields;
    const source = memory.integersOf(input, height * width * depth);
    const target = memory.integersOf(output, outputHeight * outputWidth * channels);
    (isExtreme(pooling) ? extreme : mean)(fields, source, target);
  },
});

type PoolFields = Parameters<typeof slide>[0] & Readonly<Record<"pooling" | "zero" | "low" | "high", number>>;

function isExtreme(pooling: number): boolean {
  return pooling === poolKinds.greatest || pooling === poolKinds.least;
}

function extreme(fields: PoolFields, source: Int8Array, target: Int8Array): void {
  const { firstChannel, count, low, high, pooling } = fields;
  const [start, further] = pooling === poolKinds.least ? [127, Math.min] : [-128, Math.max];
  const results = new Int8Array(count).fill(start);
  slide(
    fields,
    (at) => {
      for (let index = 0; index < count; index++)
        results[index] = further(results[index], source[at + firstChannel + index]);
    },
    (at) => {
      for (let index = 0; index < count; index++)
        target[at + firstChannel + index] = Math.max(low, Math.min(high, results[index]));
      results.fill(start);
    },
  );
}

function mean(fields: PoolFields, source: Int8Array, target: Int8Array): void {
  const { firstChannel, count, low, high, zero, pooling, kernelHeight, kernelWidth } = fields;
  const sums = new Int32Array(count);
  let covered = 0;
  slide(
    fields,
    (at) => {
      for (let index = 0; index < count; index++) sums[index] += source[at + firstChannel + index];
      covered++;
    },
    (at) => {
      const divisor = pooling === poolKinds.meanWithPadding ? kernelHeight * kernelWidth : covered;
      const half = divisor >> 1;
      for (let index = 0; index < count; index++) {
        const sum = sums[index] + zero * (divisor - covered);
        const rounded = Math.trunc((sum > 0 ? sum + half : sum - half) / divisor);
        target[at + firstChannel + index] = Math.max(low, Math.min(high, rounded));
      }
      sums.fill(0);
      covered = 0;
    },
  );
}
