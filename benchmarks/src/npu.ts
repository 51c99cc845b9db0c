import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { folderFiles, nodeOnnxruntime } from "@millrace/devices/node";
import {
  accelerate,
  compile,
  type Graph,
  load,
  loadSolver,
  type Machine,
  machineOf,
  type NpuOptions,
  openDataset,
  type PredictedSchedule,
  prepare,
} from "@millrace/toolkit";
import { mobileNetV2Path } from "./conversion.ts";
import { type Benchmark, type Row, row } from "./row.ts";
import { withRealInputs } from "./with-real-inputs.ts";

const shared = new URL("../../../shared/", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, shared));

interface Net {
  readonly name: string;
  readonly graph: Graph;
  readonly options: NpuOptions;
  /** What the vendor published for an i.MX RT700, in milliseconds. */
  readonly published: number;
}

/** What a schedule makes use of, and what of the hardware that assumes. */
interface Step {
  readonly name: string;
  readonly options: NpuOptions;
  readonly change: (machine: Machine) => Machine;
}

const same = (machine: Machine) => machine;
const overlapping = (machine: Machine): Machine => ({ ...machine, storage: { ...machine.storage, overlaps: true } });
const hidden = (machine: Machine): Machine => ({
  ...machine,
  modes: Object.fromEntries(
    Object.entries(machine.modes).map(([mode, overheads]) => [mode, { ...overheads, writeBack: 0 }]),
  ),
});

function having(features: Partial<Machine["features"]>): Step["change"] {
  return (machine) => ({ ...machine, features: { ...machine.features, ...features } });
}

/** What the family offers beside the multipliers, and these networks can make use of. */
const everyOption = { tables: true, pooling: true, cacheBytes: 2 ** 14, decompression: true } as const;

const steps: readonly Step[] = [
  { name: "as the vendor's runtime", options: {}, change: same },
  {
    name: "rows joined (assumes jobs of several rows)",
    options: { joinRows: true, mapByLine: true },
    change: same,
  },
  { name: "copies overlapped (assumes a DMA)", options: { overlapCopies: true }, change: overlapping },
  { name: "writing back hidden (assumes two sets of results)", options: {}, change: hidden },
  {
    name: "all of these",
    options: { joinRows: true, mapByLine: true, overlapCopies: true },
    change: (machine) => hidden(overlapping(machine)),
  },
];

/** The same for the options of the family, each alone. */
const optionSteps: readonly Step[] = [
  { name: "pooling in line (assumes pooling units behind the array)", options: {}, change: having({ pooling: true }) },
  {
    name: "weights kept from row to row (assumes a cache of 16 KiB)",
    options: {},
    change: having({ cacheBytes: 2 ** 14 }),
  },
  { name: "weights compressed (assumes a decompression engine)", options: {}, change: having({ decompression: true }) },
  {
    name: "all of the schedule and of the options",
    options: { joinRows: true, mapByLine: true, overlapCopies: true },
    change: (machine) => hidden(overlapping(having(everyOption)(machine))),
  },
];

const tiny = [
  ["AD", "ad01_int8.tflite", 0.134],
  ["KWS", "kws_ref_model.tflite", 0.384],
  ["IC", "pretrainedResnet_quant.tflite", 0.717],
  ["VWW", "vww_96_int8.tflite", 0.966],
] as const;

/** Predicted times on an i.MX RT700: each gain of the schedule beside the vendor's published figure, all together beside their bound, and what the options of the family give; then how two networks scale with the array. */
export const predictNpu: Benchmark = async () => {
  const folder = pathOf("assets/mlperf_tiny_models");
  if (!existsSync(folder)) return { skipped: "needs ../shared/assets/mlperf_tiny_models" };
  const nets: Net[] = tiny.map(([name, file, published]) => {
    const bytes = new Uint8Array(readFileSync(`${folder}/${file}`));
    return { name, published, graph: prepare(load({ name: file, bytes })).graph, options: {} };
  });
  if (existsSync(mobileNetV2Path)) {
    const graph = await integerMobileNet();
    nets.push({ name: "MobileNetV2", published: 38.917, graph, options: { weights: "storage" } });
  }
  const solver = await loadSolver();
  return [
    ...nets.flatMap(gains),
    ...nets.flatMap((net) => levels(net, { solver, seconds: 5 })),
    ...nets.filter(({ name }) => ["IC", "MobileNetV2"].includes(name)).flatMap(scaling),
  ];
};

/** Both levels of the compiler with all abilities: in the machine's memory, and for large networks in a third of it, where weights may stay. */
function levels({ name, graph, options }: Net, optimal: NpuOptions["optimal"]): readonly Row[] {
  const { change, options: abilities } = steps[steps.length - 1];
  const machine = change(machineOf("imxrt700"));
  const third = Math.floor(machine.memory.bytes / 3);
  const small: Machine = { ...machine, memory: { ...machine.memory, bytes: third } };
  const timed = (on: Machine, level: NpuOptions) => {
    const start = performance.now();
    const { latency } = accelerate(graph, on, { ...abilities, ...level });
    return { ...latency, seconds: (performance.now() - start) / 1000 };
  };
  const compared = (where: string, on: Machine, placed: NpuOptions) => {
    const [fast, best] = [placed, { ...placed, optimal }].map((level) => timed(on, level));
    const found = `${qualityOf(best.schedule)}, ${best.schedule.memory.bytes} B, in ${best.seconds.toFixed(1)} s`;
    const before = `level fast, ${fast.schedule.memory.bytes} B`;
    return [
      row(`${name}${where}: ${found}`, best.ms, fast.ms, before, "ms predicted"),
      row(`${name}${where}: compiled and simulated at the level fast`, fast.seconds, 0.2, "goal", "s"),
    ];
  };
  const isLarge = options.weights === "storage";
  return [...compared("", machine, options), ...(isLarge ? compared(" in a third of the memory", small, {}) : [])];
}

function gains({ name, graph, options, published }: Net): readonly Row[] {
  const machine = machineOf("imxrt700");
  const latencies = steps.map(
    (step) => accelerate(graph, step.change(machine), { ...options, ...step.options }).latency,
  );
  const { ms, boundMs, schedule } = latencies[latencies.length - 1];
  const withOptions = optionSteps.map((step) => ({
    name: step.name,
    ms: accelerate(graph, step.change(machine), { ...options, ...step.options }).latency.ms,
  }));
  return [
    ...latencies.map((latency, index) =>
      row(`${name}: ${steps[index].name}`, latency.ms, published, "the vendor's published figure", "ms predicted"),
    ),
    row(`${name}: all, beside its bound, ${qualityOf(schedule)}`, ms, boundMs, "no mapping is faster", "ms predicted"),
    ...withOptions.map((step) =>
      row(`${name}: ${step.name}`, step.ms, published, "the vendor's published figure", "ms predicted"),
    ),
    conversion(name, graph, options),
  ];
}

/** The network with inputs of real numbers, which the array converts or else the processor. */
function conversion(name: string, graph: Graph, options: NpuOptions): Row {
  const real = withRealInputs(graph);
  const [inLine, apart] = [true, false].map((conversion) => {
    const machine = having({ conversion })(machineOf("imxrt700"));
    return accelerate(real, machine, options).latency.ms;
  });
  const title = `${name}: fp32 input converted as it is read (assumes converters ahead of the array)`;
  return row(title, inLine, apart, "the processor converts", "ms predicted");
}

function qualityOf({ level, gapPercent, proven, scheduleGapPercent }: PredictedSchedule): string {
  const proof = proven ? "proven" : `within ${scheduleGapPercent.toFixed(2)} %`;
  return `level ${level}, gap ${gapPercent.toFixed(1)} %, schedule ${proof}`;
}

/** Arrays of about 16, 64, 512 and 5,000 products a cycle, whose ports grow with their sides. */
const arrays = [
  [4, 4],
  [8, 8],
  [16, 32],
  [64, 80],
] as const;

function scaling({ name, graph }: Net): readonly Row[] {
  const times = arrays.map(([pipelines, lanes]) => {
    const machine = machineOf("imxrt700");
    const scaled: Machine = {
      ...machine,
      array: { ...machine.array, pipelines, lanes },
      ports: { weights: pipelines, data: lanes },
    };
    const { latency } = accelerate(graph, scaled, { joinRows: true, mapByLine: true });
    return { macs: pipelines * lanes, ms: latency.ms, binding: bindingOf(latency.perOperator) };
  });
  return times.map(({ macs, ms, binding }) => {
    const ideal = (times[0].ms * times[0].macs) / macs;
    return row(`${name}: ${macs} MAC/cycle, ${binding}`, ms, ideal, "16 MAC/cycle scaled", "ms predicted");
  });
}

/** The share of the time that each limit binds, the greatest first. */
function bindingOf(operators: readonly { readonly us: number; readonly boundBy?: string }[]): string {
  const total = operators.reduce((sum, { us }) => sum + us, 0);
  const shares = new Map<string, number>();
  for (const { us, boundBy = "none" } of operators) shares.set(boundBy, (shares.get(boundBy) ?? 0) + us / total);
  const sorted = [...shares].sort(([, a], [, b]) => b - a);
  return sorted.map(([limit, share]) => `${limit} ${Math.round(share * 100)} %`).join(" ");
}

async function integerMobileNet(): Promise<Graph> {
  const data = await openDataset(folderFiles(pathOf("assets/images/imagenet224")));
  const source = { name: "mobilenet_v2.onnx", bytes: new Uint8Array(readFileSync(mobileNetV2Path)) };
  const options = { floatEngine: nodeOnnxruntime(), samples: 8, measure: false, calibration: "minmax" } as const;
  return (await compile(source, data, options)).quantized;
}
