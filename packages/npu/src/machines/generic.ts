import type { Machine } from "../machine.ts";
import { calibration } from "./calibration.ts";
import { cortexM33 } from "./cortex-m33.ts";

const { comparisons, writeBack } = calibration.array;
const { operator } = calibration.imxrt700;

interface GenericOptions {
  readonly cores?: number;
  readonly pipelines: number;
  readonly lanes: number;
  readonly clockMHz?: number;
  /** Bytes of the memory that the array works in; coupled to it if there is an outer one. */
  readonly memoryBytes: number;
  /** Bytes per cycle of transfers to and from an outer memory; left out for a machine without one. */
  readonly outerBytesPerCycle?: number;
}

/**
 * A machine of the family at any size, named by its operations a cycle (two for each multiplier). Ports grow with the sides of the array, and
 * everything else is assumed to be as in the i.MX RT700, but that copies go on beside the array.
 */
export function genericMachine(options: GenericOptions): Machine {
  const { cores = 1, pipelines, lanes, clockMHz = 500, memoryBytes, outerBytesPerCycle } = options;
  const operations = 2 * cores * pipelines * lanes;
  return {
    name: `generic${operations}`,
    title: `a generic array of ${operations} operations a cycle`,
    basis:
      "assumed figures of no chip: the cycles of an operator as fitted to the i.MX RT700, ports as wide as the array",
    clockMHz,
    array: {
      pipelines,
      lanes,
      depthwiseLanes: 1,
      wordLanes: Math.ceil(lanes / 2),
      comparisons: comparisons.value,
      cores,
    },
    features: {
      activation: true,
      tables: false,
      pooling: false,
      conversion: false,
      cacheBytes: 0,
      decompression: false,
    },
    ports: { weights: cores * pipelines, data: cores * lanes },
    modes: { controller: { operator: operator.value, job: 0, writeBack: writeBack.value } },
    memory: { bytes: memoryBytes, alignment: 16, banks: 1 },
    ...(outerBytesPerCycle !== undefined && {
      outer: {
        bytes: 2 ** 28,
        readBytesPerCycle: outerBytesPerCycle,
        writeBytesPerCycle: outerBytesPerCycle,
        start: 100,
        channels: 2,
        strided: true,
      },
    }),
    storage: { copyBytesPerCycle: outerBytesPerCycle ?? 1, overlaps: true, direct: false },
    processor: cortexM33,
  };
}

/** From the smallest of the family to the largest. */
export const genericMachines: readonly Machine[] = [
  genericMachine({ pipelines: 4, lanes: 4, memoryBytes: 2 ** 19 }),
  genericMachine({ pipelines: 16, lanes: 16, memoryBytes: 2 ** 19, outerBytesPerCycle: 4 }),
  genericMachine({ cores: 4, pipelines: 16, lanes: 16, memoryBytes: 2 ** 20, outerBytesPerCycle: 8 }),
  genericMachine({ cores: 5, pipelines: 32, lanes: 32, memoryBytes: 2 ** 21, outerBytesPerCycle: 32 }),
];
