import type { Graph } from "@millrace/ir";
import type { LayerScheme } from "@millrace/quantize";
import type { Engine } from "@millrace/runtime";
import type { CalibrationCache } from "../calibration-cache.ts";
import type { Dataset } from "../data/dataset.ts";
import { metrics } from "../data/metrics.ts";
import { evaluate } from "../evaluate.ts";
import { bySensitivity } from "../layer-reports.ts";
import type { Progress } from "../progress.ts";
import { layerErrors, type QuantizeRequest, type QuantizeResult, quantize } from "../quantize.ts";
import { judgingData } from "./judging-data.ts";
import { promotable, promotions } from "./promotions.ts";

export interface AdviceOptions extends QuantizeRequest {
  readonly floatEngine: Engine;
  readonly integerEngine: Engine;
  /** What the metric may lose against the float model at most, in hundredths. */
  readonly accuracyDrop: number;
}

/** One setting that was tried. */
export interface Attempt {
  /** What is different from what was asked for. */
  readonly setting: string;
  readonly value: number;
  /** Float less this, in hundredths. */
  readonly drop: number;
  readonly meets: boolean;
}

export interface Advice {
  /** The request of the setting that was chosen. */
  readonly request: QuantizeRequest;
  readonly metric: string;
  /** The samples that decided, and whether calibration had not seen them. */
  readonly samples: number;
  readonly heldOut: boolean;
  readonly float: number;
  readonly bound: number;
  /** In the order they were tried. */
  readonly attempts: readonly Attempt[];
  /** The setting that was chosen: the first one that met the bound, or else that which lost least. */
  readonly chosen: Attempt;
}

interface Setting {
  readonly setting: string;
  readonly request: QuantizeRequest;
}

interface Trial extends Setting {
  readonly attempt: Attempt;
  readonly result: QuantizeResult;
}

/** Rounding of sums must not decide. */
const tolerance = 1e-9;

/**
 * Finds the cheapest setting that keeps the metric within the bound: first those that cost nothing when the model runs (as asked for, weights rounded otherwise, other ranges, channels
 * equalized), then as few layers as possible with 16-bit data, in the order of what they lose by themselves, found by halving.
 */
export async function advise(float: Graph, data: Dataset, options: AdviceOptions): Promise<Advice> {
  const { floatEngine, integerEngine, accuracyDrop: bound, cache = memoryCache(), ...request } = options;
  const judged = judgingData(data, request.samples);
  const steps: Progress = request;
  const reference = { graph: float, engine: floatEngine };
  const original = await evaluate(reference, judged.data, { ...steps, reference });
  const sign = metrics[data.metric].higherIsBetter ? 100 : -100;
  const attempts: Attempt[] = [];
  const attempt = async ({ setting, request: tried }: Setting): Promise<Trial> => {
    const result = await quantize(float, data, floatEngine, { ...tried, cache });
    const subject = { graph: result.graph, engine: integerEngine };
    const { value } = await evaluate(subject, judged.data, { ...steps, reference });
    const drop = (original.value - value) * sign;
    const made = { setting, value, drop, meets: drop <= bound + tolerance };
    attempts.push(made);
    return { setting, request: tried, attempt: made, result };
  };
  const chosen = await search(request, attempt, async (trial) => {
    const subject = { graph: trial.result.graph, engine: integerEngine };
    const errors = await layerErrors({ graph: trial.result.float, engine: floatEngine }, subject, judged.data, steps);
    return promotable(trial.result.float, bySensitivity(errors));
  });
  const { metric, samples, value } = original;
  const { heldOut } = judged;
  return { request: chosen.request, metric, samples, heldOut, float: value, bound, attempts, chosen: chosen.attempt };
}

/** The first setting that meets the bound, of those that cost nothing and then of those with more bits; else that which loses least. */
async function search(
  request: QuantizeRequest,
  attempt: (setting: Setting) => Promise<Trial>,
  orderOf: (trial: Trial) => Promise<readonly string[]>,
): Promise<Trial> {
  let best: Trial | undefined;
  for (const setting of freeSettings(request)) {
    const trial = await attempt(setting);
    if (trial.attempt.meets) return trial;
    if (best === undefined || trial.attempt.drop < best.attempt.drop) best = trial;
  }
  const base = best!;
  const order = await orderOf(base);
  const withMost = (count: number) => attempt(promoted(base, order.slice(0, count)));
  if (order.length === 0) return base;
  let most = await withMost(order.length);
  if (!most.attempt.meets) return most.attempt.drop < base.attempt.drop ? most : base;
  for (let [few, enough] = [0, order.length]; enough - few > 1; ) {
    const middle = (few + enough) >> 1;
    const trial = await withMost(middle);
    if (trial.attempt.meets) [most, enough] = [trial, middle];
    else few = middle;
  }
  return most;
}

function freeSettings(request: QuantizeRequest): readonly Setting[] {
  const asked = { setting: "as asked for", request };
  const ranges = (["mse", "minmax", "percentile"] as const)
    .filter((calibration) => calibration !== (request.calibration ?? "mse"))
    .map((calibration) => ({ setting: `ranges by ${calibration}`, request: { ...request, calibration } }));
  const { recover = [], rounding } = request;
  const compensated: Setting = {
    setting: "weights rounded so that errors cancel",
    request: { ...request, rounding: "compensated" },
  };
  const equalized: Setting = {
    setting: "channels equalized",
    request: { ...request, recover: [...recover, "equalize"] },
  };
  return [
    asked,
    ...(rounding === undefined || rounding === "nearest" ? [compensated] : []),
    ...ranges,
    ...(recover.includes("equalize") ? [] : [equalized]),
  ];
}

const shownNames = 5;

function promoted(base: Trial, names: readonly string[]): Setting {
  const layers: readonly LayerScheme[] = [...(base.request.layers ?? []), ...promotions(base.result.float, names)];
  const shown = names.slice(0, shownNames).join(", ") + (names.length > shownNames ? ", …" : "");
  const before = base.setting === "as asked for" ? "" : `${base.setting}, `;
  const count = names.length === 1 ? "1 layer" : `${names.length} layers`;
  return { setting: `${before}${count} with more bits: ${shown}`, request: { ...base.request, layers } };
}

/** Keeps calibrations while settings are tried. */
function memoryCache(): CalibrationCache {
  const files = new Map<string, Uint8Array>();
  return {
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes),
  };
}
