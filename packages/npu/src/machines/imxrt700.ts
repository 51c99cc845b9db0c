import type { Machine } from "../machine.ts";
import { calibration } from "./calibration.ts";
import { cortexM33 } from "./cortex-m33.ts";

const { comparisons, writeBack } = calibration.array;
const { operator, driverJob, copy } = calibration.imxrt700;

/** i.MX RT700: N3-64 in shared SRAM, weights of large models in octal-DDR flash. */
export const imxrt700: Machine = {
  name: "imxrt700",
  title: "NXP i.MX RT700, eIQ Neutron N3-64",
  basis:
    "published structure; the cycles of an operator fitted on four published latencies, those of a job and the copies on vendor demonstrations",
  clockMHz: 325,
  array: { pipelines: 8, lanes: 8, depthwiseLanes: 1, wordLanes: 4, comparisons: comparisons.value, cores: 1 },
  features: { activation: true, tables: false, pooling: false, conversion: false, cacheBytes: 0, decompression: false },
  ports: { weights: 8, data: 8 },
  modes: {
    sequencer: { operator: operator.value, job: 0, writeBack: writeBack.value },
    driver: { operator: operator.value, job: driverJob.value, writeBack: writeBack.value },
  },
  memory: { bytes: 7_864_320, alignment: 16, banks: 1 },
  storage: { copyBytesPerCycle: copy.value, overlaps: false, direct: false },
  processor: cortexM33,
};
