/** A neural processing unit and the processor beside it, as far as the compiler and the simulator need to know them. */
export interface Machine {
  /** What a user types. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  /** What its figures rest on. */
  readonly basis: string;
  readonly clockMHz: number;
  readonly array: DotProductArray;
  readonly features: Features;
  readonly ports: Ports;
  /** Cycles that are not computing, by how the work is started; the first is the default. */
  readonly modes: Readonly<Record<string, Overheads>>;
  readonly memory: {
    /** Bytes of the memory that the array works in. */
    readonly bytes: number;
    readonly alignment: number;
    /** Equal parts, one after the other, with ports of their own: a transfer is in the array's way only where both are in the same one. */
    readonly banks: number;
  };
  /** A greater memory behind `memory`, which the array reaches by transfers alone; the inputs and results of programs lie there. */
  readonly outer?: OuterMemory;
  /** Where weights are kept that don't lie in the memory the array works in. */
  readonly storage: {
    readonly copyBytesPerCycle: number;
    /** Whether copies can go on while the array computes. */
    readonly overlaps: boolean;
    /** Whether the array reads weights where they are stored, so that they take no memory. */
    readonly direct: boolean;
  };
  readonly processor: Processor;
}

/** `pipelines` output channels at a time, each a dot product of `lanes` numbers a cycle; sums stay inside. */
export interface DotProductArray {
  readonly pipelines: number;
  readonly lanes: number;
  /** Products of a pipeline and cycle where each channel has weights of its own. */
  readonly depthwiseLanes: number;
  /** Products of 16-bit data and 8-bit weights that a pipeline adds up in a cycle; 0 for an array that takes 8-bit data only. */
  readonly wordLanes: number;
  /** Elements of a maximum pooling's windows that are compared in a cycle. */
  readonly comparisons: number;
  /** Arrays of that size that work on the jobs of a command in turn; they share the ports. */
  readonly cores: number;
}

/** Activations' memory outside, and what moves bytes between it and the memory that the array works in. */
export interface OuterMemory {
  readonly bytes: number;
  readonly readBytesPerCycle: number;
  readonly writeBytesPerCycle: number;
  /** Cycles from the start of a transfer to its first byte. */
  readonly start: number;
  /** Transfers that can be under way at once; bytes of one direction come one transfer after the other all the same. */
  readonly channels: number;
  /** Whether a transfer can be of runs of bytes that lie apart. */
  readonly strided: boolean;
}

/** What the family offers beside the multipliers, and a machine has or lacks. */
export interface Features {
  /**
   * Clamps results to the range of an activation as they leave the array; without it a command of its own does that. Not needed where int8 ends there
   * too, as it does at a ReLU whose zero point is -128.
   */
  readonly activation: boolean;
  /** Replaces results by a table of 256 bytes as they leave the array: sigmoid, tanh, hard swish and the like. */
  readonly tables: boolean;
  /**
   * Pools results as they leave the array, so that what is pooled is not written. Channels are computed group by group, and a unit for each pipeline
   * holds the windows of a line that are begun.
   */
  readonly pooling: boolean;
  /** Converts data as they are read, by a table of 256 bytes, and between real numbers and integers. */
  readonly conversion: boolean;
  /** Bytes beside the array that keep the weights of a group of channels from row to row, or the lines that a group of pixels needs; 0 for none. */
  readonly cacheBytes: number;
  /** Takes compressed weights, which it decompresses on their way in; they take less storage, less memory and less of the port. */
  readonly decompression: boolean;
}

/** What a command may need of a machine. */
export type Ability = keyof Features | "16-bit data";

export function isAble({ array, features }: Machine, ability: Ability): boolean {
  return ability === "16-bit data" ? array.wordLanes > 0 : Boolean(features[ability]);
}

/** Bytes per cycle. */
export interface Ports {
  readonly weights: number;
  readonly data: number;
}

export interface Overheads {
  /** Cycles for each operator. */
  readonly operator: number;
  /** Cycles for each job, a row of the result and as many of its channels as there are pipelines: while the next one is prepared. */
  readonly job: number;
  /** Cycles to write back one result of all pipelines; a job's are written back while the next is prepared, and only what takes longer adds to the time. */
  readonly writeBack: number;
}

/** Cycles of the processor, at the clock of the machine, for what is not computed by the array. */
export interface Processor {
  readonly name: string;
  /** For each multiplication of an 8-bit convolution or fully connected layer. */
  readonly product: number;
  readonly depthwiseProduct: number;
  /** For each element of a result. */
  readonly element: number;
  readonly softmaxElement: number;
  readonly quantizeElement: number;
  /** The same in ExecuTorch's portable and in its optimised kernels, a transposition with it; as `quantizeElement` if left out. */
  readonly portableQuantizeElement?: number;
  readonly optimizedQuantizeElement?: number;
  /** For each multiplication in float32. */
  readonly realProduct: number;
  /** Whether integers are computed as reals, each node between conversions of its own, as by ExecuTorch's kernels. */
  readonly converts?: boolean;
}

/** What contradicts itself in a machine, in sentences; empty if nothing does. */
export function machineProblems(machine: Machine): readonly string[] {
  const { name, clockMHz, array, features, ports, modes, memory, outer, storage, processor } = machine;
  const rules: readonly Rule[] = [
    [/^[A-Za-z0-9][\w.-]{0,63}$/.test(name), "name has to be of up to 64 letters, digits, dots, lines and dashes"],
    [some(clockMHz), "clockMHz has to be more than 0"],
    [whole(array.pipelines, 4096), "array.pipelines has to be a whole number from 1 to 4096"],
    [whole(array.lanes, 4096), "array.lanes has to be a whole number from 1 to 4096"],
    [
      whole(array.depthwiseLanes, array.lanes),
      "array.depthwiseLanes has to be a whole number from 1 to array.lanes: a pipeline has no more multipliers than lanes",
    ],
    [
      array.wordLanes === 0 || whole(array.wordLanes, array.lanes),
      "array.wordLanes has to be a whole number from 0 to array.lanes",
    ],
    [
      array.wordLanes === 0 || memory.alignment % 2 === 0,
      "memory.alignment has to be even where array.wordLanes is not 0",
    ],
    [whole(array.comparisons, 2 ** 20), "array.comparisons has to be a whole number of at least 1"],
    [whole(array.cores, 1024), "array.cores has to be a whole number from 1 to 1024"],
    [Number.isInteger(features.cacheBytes) && features.cacheBytes >= 0, "features.cacheBytes has to be a whole number"],
    [some(ports.weights) && some(ports.data), "ports have to move more than 0 bytes per cycle"],
    [Object.keys(modes).length > 0, "modes has to name a mode at least"],
    [whole(memory.bytes, addressableBytes), `memory.bytes has to be a whole number from 1 to ${addressableBytes}`],
    [
      whole(memory.alignment, 4096) && Number.isInteger(Math.log2(memory.alignment)),
      "memory.alignment has to be a power of 2 up to 4096",
    ],
    [whole(memory.banks, 1024), "memory.banks has to be a whole number from 1 to 1024"],
    ...(outer === undefined ? [] : outerRules(outer)),
    [some(storage.copyBytesPerCycle), "storage.copyBytesPerCycle has to be more than 0"],
  ];
  const costs = [
    ...Object.entries(modes).map(([mode, overheads]) => [`modes.${mode}`, overheads] as const),
    ["processor", processor] as const,
  ];
  const negative = costs.flatMap(([at, cycles]) =>
    Object.entries(cycles).flatMap(([key, cost]) =>
      typeof cost !== "number" || (Number.isFinite(cost) && cost >= 0) ? [] : [`${at}.${key} has to be 0 or more`],
    ),
  );
  return [...rules.flatMap(([holds, problem]) => (holds ? [] : [problem])), ...negative];
}

type Rule = readonly [holds: boolean, problem: string];

const whole = (x: number, most: number) => Number.isInteger(x) && x >= 1 && x <= most;
const some = (x: number) => Number.isFinite(x) && x > 0;

function outerRules({ bytes, readBytesPerCycle, writeBytesPerCycle, start, channels }: OuterMemory): readonly Rule[] {
  return [
    [whole(bytes, addressableBytes), `outer.bytes has to be a whole number from 1 to ${addressableBytes}`],
    [some(readBytesPerCycle) && some(writeBytesPerCycle), "outer has to read and write more than 0 bytes per cycle"],
    [Number.isFinite(start) && start >= 0, "outer.start has to be 0 or more"],
    [whole(channels, 64), "outer.channels has to be a whole number from 1 to 64"],
  ];
}

/** Bytes that an address of the command stream reaches in each space. */
export const addressableBytes = 2 ** 30;
