import type { Measurement } from "./measurements.ts";
import type { NetworkName } from "./networks.ts";
import type { SetupName } from "./setups.ts";

/** What a published latency is for: it decides parameters together with others, or one constant by itself, or none. */
export type Role = "fitted" | "derived" | "held out";

/** How a published latency is compared. */
export interface Use {
  readonly network: NetworkName;
  readonly setup: SetupName;
  readonly role: Role;
  /** What tells the figure from others of the same network and chip. */
  readonly note?: string;
}

/** Words that a measurement's fields contain. */
type Words = Partial<Record<"chip" | "unit" | "model" | "timing" | "confidence" | "source", string>>;

interface Rule {
  readonly words: Words;
  readonly use: Use | { readonly unused: string };
}

const slide = "talk's slide";
const appCode = "dm-mcxn947-npu-vs-tensorflm-benchmark 404b4b5";
const tiny = { AD01: "ad", "Tiny DS-CNN": "kws", ResNet8: "ic", "MobileNetV1-0.25-96": "vww" } as const;

/** A rule for each MLPerf Tiny model. */
function ofTinyModels(words: Words, rest: Omit<Use, "network">): readonly Rule[] {
  return Object.entries(tiny).map(([model, network]) => ({ words: { ...words, model }, use: { network, ...rest } }));
}

function unused(words: Words, reason: string): Rule {
  return { words, use: { unused: reason } };
}

function use(words: Words, network: NetworkName, setup: SetupName, role: Role, note?: string): Rule {
  return { words, use: { network, setup, role, ...(note !== undefined && { note }) } };
}

const demonstration = { chip: "RT700", unit: "driver mode" };

/** The first rule whose words all are there is a measurement's. */
const rules: readonly Rule[] = [
  unused({ unit: "model init" }, "superseded: it contains the model's initialization"),
  unused({ unit: "estimate" }, "an estimate of the vendor's converter, not a measurement"),
  unused(
    { confidence: "contradicts" },
    "its source gives two figures, and this one is unlike every other of the same kernels",
  ),
  unused({ confidence: "clock unknown" }, "the clock is unknown"),
  unused({ timing: "integer-ms" }, "the clock is unknown, and the figure is whole milliseconds"),
  unused({ chip: "RT700", unit: "mixed" }, "the clock and what ran on which unit are unknown"),
  unused({ model: "unknown architecture" }, "the architecture is unknown"),
  unused({ model: "exoboot" }, "the architecture is unknown"),
  unused(
    { timing: "ineffective" },
    "the figure contains signal processing, and its kernels are none of the known ones",
  ),
  ...ofTinyModels({ source: slide, unit: "NPU" }, { setup: "sequencer", role: "fitted" }),
  ...ofTinyModels({ source: slide, unit: "CPU" }, { setup: "processor", role: "held out" }),
  use(
    { source: slide, timing: "generic CPU" },
    "mobileNetV2",
    "portableInput",
    "derived",
    "fp32 I/O, portable quantization",
  ),
  use(
    { source: slide, timing: "+ CPU" },
    "mobileNetV2",
    "optimizedInput",
    "derived",
    "fp32 I/O, optimised quantization",
  ),
  use({ source: slide, timing: "portable fp32" }, "mobileNetV2Real", "processor", "derived", "fp32 throughout"),
  use({ source: slide, model: "MobileNetV2" }, "mobileNetV2", "sequencerStored", "held out", "int8 I/O"),
  use({ ...demonstration, timing: "1st" }, "dsCnnSmall", "driverRealInput", "derived", "first inference"),
  use({ ...demonstration, timing: "2nd" }, "dsCnnSmall", "driverRealInput", "derived", "second inference"),
  use({ ...demonstration, model: "tflm_cifar10" }, "cifarNet", "driver", "held out"),
  use({ ...demonstration, model: "ExecuTorch" }, "cifarNet", "driver", "held out", "exported from another graph"),
  use({ ...demonstration, model: "MobileNetV1-0.25-128" }, "mobileNetV1Small", "driver", "derived"),
  use({ ...demonstration, model: "MobileNetV1-1.0-224" }, "mobileNetV1", "driverStored", "derived"),
  ...ofTinyModels({ source: appCode, unit: "NPU" }, { setup: "flash", role: "fitted" }),
  ...ofTinyModels({ source: appCode, unit: "CPU" }, { setup: "flashProcessor", role: "held out" }),
  use({ source: "eiq-model-zoo", unit: "NPU" }, "ad", "flash", "held out", "another release"),
  use({ source: "eiq-model-zoo", unit: "CPU" }, "ad", "flashProcessor", "held out", "another release"),
  use({ unit: "driver mode", model: "FOMO MobileNetV2-0.35 64x64" }, "fomo64", "flash", "fitted"),
  use({ unit: "driver mode", model: "FOMO MobileNetV2-0.35 72x72" }, "fomo72", "flash", "fitted"),
  use({ chip: "MCXN947", model: "tflm_cifar10" }, "cifarNet", "flash", "held out", "debug build"),
  use({ model: "person_detect" }, "personDetect", "flashProcessor", "held out"),
  use({ model: "micro_speech" }, "microSpeech", "flashProcessor", "held out"),
  unused({ chip: "i.MX 95", unit: "25% converted" }, "a quarter of the model ran on the NPU, and which is unknown"),
  unused({ chip: "A55" }, "there is no cost model of this processor"),
  unused(
    { chip: "i.MX 95", model: "MobileNetV2" },
    "the clock is unknown, six operators ran on the processor, and the machine's description rests on assumptions: it gives half the time, for the array alone",
  ),
];

/** How a measurement is compared, or why not; undefined where no rule is about it. */
export function useOf(measurement: Measurement): Use | { readonly unused: string } | undefined {
  return rules.find(({ words }) =>
    Object.entries(words).every(([field, word]) => measurement[field as keyof Words].includes(word)),
  )?.use;
}

/** Whether a measurement is one of the detection networks of the i.MX 95, of which only a line in their operations is known. */
export function isDetection({ chip, model }: Measurement): boolean {
  return chip.startsWith("i.MX 95") && model.startsWith("YOLO");
}
