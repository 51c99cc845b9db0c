import type { Command, Machine, Overheads } from "@millrace/npu";

/** How the hardware might work: what can't be read off a specification. */
export interface Structure {
  /** Whether a convolution with a window of one pixel loads its weights once, not for each row. */
  readonly mergedRows: boolean;
  readonly depthwise: keyof typeof depthwiseCycles;
  /** Whether the rows of a window whose channels don't fill a dot product share one. */
  readonly packed: boolean;
  /** Whether results are written back while the next job is prepared. */
  readonly hidden: boolean;
}

/** Cycles of a pipeline for a depthwise window of so many rows and columns. */
export const depthwiseCycles = {
  "one product": (rows: number, columns: number) => rows * columns,
  "two products": (rows: number, columns: number) => (rows * columns) / 2,
  "four products in three cycles": (rows: number, columns: number) => rows * columns * 0.75,
  "two products in three cycles": (rows: number, columns: number) => rows * columns * 1.5,
  "one product, and a cycle for each row": (rows: number, columns: number) => rows * (columns + 1),
} as const;

/** Numbers of a structure; cycles, and bytes per cycle. */
export interface Parameters {
  readonly operator: number;
  readonly job: number;
  readonly writeBack: number;
  readonly weightPort: number;
}

/** Jobs of one command that are alike. */
interface Jobs {
  readonly count: number;
  /** Cycles for each pixel. */
  readonly steps: number;
  readonly pixels: number;
  /** Bytes of weights for each step; 0 where none are streamed. */
  readonly blockBytes: number;
}

/** What the closed form of a network's time is made of. */
export interface Terms {
  readonly jobs: readonly Jobs[];
  /** Cycles of commands that a port or the pooling bounds, which no structure changes. */
  readonly streaming: number;
  readonly operators: number;
}

type Form = (fields: Command["fields"], array: Machine["array"], structure: Structure) => Jobs;

/** Kinds of commands that the array's rows and groups of channels make jobs of. */
const forms: Readonly<Record<string, Form>> = {
  convolve({ rows, outputWidth, count, kernelHeight, kernelWidth, depth }, array, { mergedRows, packed }) {
    const lines = mergedRows && kernelHeight * kernelWidth === 1 ? 1 : rows;
    const dotProducts = (numbers: number) => Math.ceil(numbers / array.lanes);
    const steps =
      packed && depth < array.lanes
        ? kernelHeight * dotProducts(kernelWidth * depth)
        : kernelHeight * kernelWidth * dotProducts(depth);
    const pixels = (rows / lines) * outputWidth;
    return { count: lines * groupsOf(count, array), steps, pixels, blockBytes: array.pipelines * array.lanes };
  },
  depthwise({ rows, outputWidth, count, kernelHeight, kernelWidth }, array, { depthwise }) {
    const steps = depthwiseCycles[depthwise](kernelHeight, kernelWidth);
    return { count: rows * groupsOf(count, array), steps, pixels: outputWidth, blockBytes: 0 };
  },
  combine: ({ rows, channels }, array) => ({
    count: rows * groupsOf(channels, array),
    steps: 0,
    pixels: 0,
    blockBytes: 0,
  }),
};

function groupsOf(channels: number, { pipelines }: Machine["array"]): number {
  return Math.ceil(channels / pipelines);
}

const noOverheads: Overheads = { operator: 0, job: 0, writeBack: 0 };

/** The terms of a network's commands on a machine whose array has some structure. */
export function termsOf(commands: readonly Command[], machine: Machine, structure: Structure): Terms {
  const jobs = commands.flatMap(({ kind, fields }) => forms[kind.name]?.(fields, machine.array, structure) ?? []);
  const streaming = commands
    .filter(({ kind }) => kind.name !== "convolve" && kind.name !== "depthwise")
    .reduce((sum, { kind, fields }) => sum + kind.work(fields, machine, noOverheads).busy, 0);
  return { jobs, streaming, operators: commands.length };
}

/** Cycles of the array's commands, one after the other. */
export function cyclesOf({ jobs, streaming, operators }: Terms, { hidden }: Structure, parameters: Parameters): number {
  const { operator, job, writeBack, weightPort } = parameters;
  let cycles = streaming + operators * operator;
  for (const { count, steps, pixels, blockBytes } of jobs) {
    const written = writeBack * (steps === 0 ? 0 : pixels);
    const around = hidden ? Math.max(job, written) : job + written;
    cycles += count * (steps * Math.max(pixels, blockBytes / weightPort) + around);
  }
  return cycles;
}
