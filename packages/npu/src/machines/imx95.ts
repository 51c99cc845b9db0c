import type { Machine } from "../machine.ts";
import { calibration } from "./calibration.ts";
import { cortexA55 } from "./cortex-a55.ts";

const { comparisons, writeBack } = calibration.array;
const { operator } = calibration.imxrt700;
const { cores, coupledBytes, outerRate, outerStart, outerBytes } = calibration.imx95;

/** i.MX 95: Neutron-S, cores with a RISC-V controller, a coupled memory, and a data mover from and to DDR. */
export const imx95: Machine = {
  name: "imx95",
  title: "NXP i.MX 95, eIQ Neutron-S",
  basis:
    "published structure (2 TOPS at about 1 GHz, a controller, a coupled memory, a data mover); how it is divided into cores, its memory, its ports and DDR's rate are assumed, and the cycles of an operator are those fitted to the i.MX RT700",
  clockMHz: 1000,
  array: {
    pipelines: 16,
    lanes: 16,
    depthwiseLanes: 1,
    wordLanes: 0,
    comparisons: comparisons.value,
    cores: cores.value,
  },
  features: { activation: true, tables: false, pooling: false, conversion: false, cacheBytes: 0, decompression: false },
  ports: { weights: 16 * cores.value, data: 16 * cores.value },
  modes: { controller: { operator: operator.value, job: 0, writeBack: writeBack.value } },
  memory: { bytes: coupledBytes.value, alignment: 16, banks: 1 },
  outer: {
    bytes: outerBytes.value,
    readBytesPerCycle: outerRate.value,
    writeBytesPerCycle: outerRate.value,
    start: outerStart.value,
    channels: 2,
    strided: true,
  },
  storage: { copyBytesPerCycle: outerRate.value, overlaps: true, direct: false },
  processor: cortexA55,
};
