import { defineCommand } from "./command.ts";
import { slide, windowFields, windowProblems, windowReads, windowWrites } from "./window.ts";

export const poolKinds = { greatest: 0, mean: 1, meanWithPadding: 2 } as const;

/**
 * The greatest or the mean of each window, of stored integers that keep their scale; means of halves are rounded away from zero.
 *
 * Cycles: a mean reads its data once through the port; the greatest compares so many elements of windows in a cycle as the array's machine says.
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
  work(fields, { array, ports }, overheads) {
    const { rows, outputWidth, count, kernelHeight, kernelWidth, pooling } = fields;
    const share = count / fields.depth;
    const isMaximum = pooling === poolKinds.greatest;
    const busy = isMaximum
      ? Math.ceil((rows * outputWidth * count * kernelHeight * kernelWidth) / array.comparisons)
      : Math.ceil((windowReads(fields).bytes * share) / ports.data);
    return {
      macs: 0,
      busy,
      ideal: busy,
      boundBy: isMaximum ? "window" : "data",
      writeBack: 0,
      start: overheads.operator,
    };
  },
  execute(fields, memory) {
    const { input, output, height, width, depth, outputHeight, outputWidth, channels, pooling } = fields;
    const source = memory.integersOf(input, height * width * depth);
    const target = memory.integersOf(output, outputHeight * outputWidth * channels);
    (pooling === poolKinds.greatest ? greatest : mean)(fields, source, target);
  },
});

type PoolFields = Parameters<typeof slide>[0] & Readonly<Record<"pooling" | "zero" | "low" | "high", number>>;

function greatest(fields: PoolFields, source: Int8Array, target: Int8Array): void {
  const { firstChannel, count, low, high } = fields;
  const results = new Int8Array(count).fill(-128);
  slide(
    fields,
    (at) => {
      for (let index = 0; index < count; index++)
        results[index] = Math.max(results[index], source[at + firstChannel + index]);
    },
    (at) => {
      for (let index = 0; index < count; index++)
        target[at + firstChannel + index] = Math.max(low, Math.min(high, results[index]));
      results.fill(-128);
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
