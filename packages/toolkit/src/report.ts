import type { Diagnostic } from "@millrace/ir";
import type { Basis } from "@millrace/quantize";
import type { Advice } from "./advice/advise.ts";
import type { RandomNumbers } from "./data/random.ts";
import type { ExternalReport } from "./external/compile-externally.ts";
import type { Latency, PredictedLatency } from "./latency.ts";
import type { StageTime } from "./progress.ts";
import { sha256 } from "./sha256.ts";

/** One written file. `path` is relative to the report. */
export interface Artifact {
  readonly path: string;
  readonly kind: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** One result of the quantized model; what is measured compares it with the float model on real samples. */
export interface LayerReport {
  readonly name: string;
  readonly origin: readonly string[];
  /** Signal to noise in the whole integer model. */
  readonly sqnrDb?: number;
  readonly cosine?: number;
  /** Signal to noise of the layer alone, whose data is the float model's. */
  readonly isolatedSqnrDb?: number;
  readonly isolatedCosine?: number;
  /** Share of the integers that are cut off at an end of their range. */
  readonly saturated?: number;
  /** Share of the float values beyond the range. */
  readonly clipped?: number;
  /** Channels that never change. */
  readonly constantChannels?: readonly number[];
  /** The channel that reaches furthest, and how many times as far as the median. */
  readonly widestChannel?: { readonly channel: number; readonly ratio: number };
  /** Bits that 32-bit sums leave unused in the worst case. */
  readonly headroomBits?: number;
  readonly scale: number;
  readonly zeroPoint: number;
  /** What the parameters follow from: the operator, a given model, or samples. */
  readonly basis?: Basis;
}

/** Where the parameters come from in a model that is quantized like a given one. */
export interface LikeReport {
  readonly source: string;
  /** How many results have the parameters of their twins in it. */
  readonly given: number;
  readonly others: readonly Pick<LayerReport, "name" | "basis">[];
}

/** How the setting was chosen that keeps to an accuracy drop. */
export interface AdviceReport extends Omit<Advice, "request" | "chosen"> {
  /** Whether any setting met the bound. */
  readonly met: boolean;
  /** The attempt that was chosen. */
  readonly chosen: string;
}

/** Which nodes a machine's array computes, and why not the others. */
export interface Delegation {
  readonly npu: number;
  readonly cpu: number;
  /** Of all nodes, those of the array, from 0 to 1. */
  readonly ratio: number;
  /** How many programs the nodes of the array are. */
  readonly programs: number;
  readonly reasons: readonly { readonly node: string; readonly code: string; readonly message: string }[];
}

/** What a change of the float model did that was asked for. */
export interface RecoveryReport {
  readonly pass: string;
  /** In how many places it changed the model. */
  readonly changes: number;
  /** What it did to single layers, and why it left others as they are. */
  readonly decisions: readonly { readonly node: string; readonly message: string }[];
}

/** The report of a run. Fields that do not apply are left out; one that is there was measured or computed in this run. */
export interface Report {
  readonly model: {
    readonly source: string;
    readonly format: string;
    readonly bytes: number;
    readonly macs: number;
    readonly parameters: number;
  };
  readonly artifacts: readonly Artifact[];
  readonly graph: { readonly operators: Readonly<Record<string, number>>; readonly transposes: number };
  readonly quantization?: {
    readonly scheme: string;
    readonly calibration: string;
    readonly samples: number;
    /** How the samples were drawn, for calibration and accuracy, if they were random numbers and no real ones. */
    readonly random?: RandomNumbers;
    /** Changes of the float model before, in the order in which they were made. */
    readonly recoveries?: readonly RecoveryReport[];
    readonly layers: readonly LayerReport[];
    readonly like?: LikeReport;
    readonly advice?: AdviceReport;
    /** Names of the measured layers, those that lose most by themselves first. */
    readonly sensitivity?: readonly string[];
  };
  readonly accuracy?: {
    readonly metric: string;
    readonly samples: number;
    readonly float: number;
    readonly quantized?: number;
  };
  readonly latency?: Latency | PredictedLatency;
  /** How the nodes of the model are divided between an NPU and its processor. */
  readonly delegation?: Delegation;
  /** What a vendor's compiler made of the integer model. */
  readonly external?: ExternalReport;
  /** Left out where the sizes of activations are not known. */
  readonly memory?: {
    /** Bytes that hold all activations of an inference, inputs and outputs too. */
    readonly arenaBytes: number;
    /** Bytes that an arena needs at least. */
    readonly lowerBoundBytes: number;
    /** Bytes that an arena needed at least before operators were reordered or computed in patches, where that was done. */
    readonly formerPeakBytes?: number;
    readonly weightBytes: number;
    /** The arena and the weights. */
    readonly totalBytes: number;
  };
  readonly diagnostics: readonly Diagnostic[];
  readonly timings: readonly StageTime[];
}

/** A file that is still in memory. */
export interface Output {
  readonly path: string;
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** Describes an output for a report. */
export async function artifactOf({ path, kind, bytes }: Output): Promise<Artifact> {
  return { path, kind, bytes: bytes.length, sha256: await sha256(bytes) };
}
