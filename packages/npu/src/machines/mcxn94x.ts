import type { Machine } from "../machine.ts";
import { calibration } from "./calibration.ts";
import { cortexM33 } from "./cortex-m33.ts";

const { comparisons, writeBack } = calibration.array;
const { job, weightPort } = calibration.mcxn94x;

/** MCX N54x and N94x: N1-16, started by the processor, weights read from internal flash while it computes. */
export const mcxn94x: Machine = {
  name: "mcxn94x",
  title: "NXP MCX N94x, eIQ Neutron N1-16",
  basis: "published structure; the cycles of a job and the flash port fitted on six published latencies",
  clockMHz: 150,
  array: { pipelines: 4, lanes: 4, depthwiseLanes: 1, wordLanes: 0, comparisons: comparisons.value, cores: 1 },
  features: { activation: true, tables: false, pooling: false, conversion: false, cacheBytes: 0, decompression: false },
  ports: { weights: weightPort.value, data: 4 },
  modes: { driver: { operator: 0, job: job.value, writeBack: writeBack.value } },
  memory: { bytes: 425_984, alignment: 16, banks: 1 },
  storage: { copyBytesPerCycle: weightPort.value, overlaps: false, direct: true },
  processor: cortexM33,
};
