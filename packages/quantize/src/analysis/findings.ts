import type { Diagnostic } from "@millrace/ir";
import type { LayerAnalysis } from "./analyze-layers.ts";

/** A layer that is this much below the median and below what hardly matters is worth a closer look, in dB. */
const remarkable = { belowMedian: 12, below: 25 };
/** A channel so many times as wide as the median leaves that one eight of the 256 steps. */
const widestRatio = 32;
/** A range may cut off this share of the values, and more where the layer is this good nevertheless, in dB. */
const harmless = { clipped: 0.01, from: 20 };
/** Findings of a kind that are told, the gravest first. */
const mostOfAKind = 5;

interface Kind {
  readonly code: string;
  readonly severity: "warning" | "info";
  readonly hint: string;
  /** How grave it is for a layer; undefined for one that is sound. */
  weigh(layer: LayerAnalysis): number | undefined;
  /** What is wrong, as the end of a sentence that begins with the layer's name. */
  tell(layer: LayerAnalysis): string;
}

/**
 * What the analysis of a quantized graph says in plain words, the gravest layers of each kind first; nothing for a sound one. The layers are named
 * as the source's are.
 */
export function findingsOf(layers: readonly LayerAnalysis[]): readonly Diagnostic[] {
  return kindsFor(layers).flatMap(({ code, severity, hint, weigh, tell }) => {
    const found = layers.flatMap((layer) => {
      const weight = weigh(layer);
      return weight === undefined ? [] : [{ layer, weight }];
    });
    const gravest = found.sort((a, b) => b.weight - a.weight).slice(0, mostOfAKind);
    return gravest.map(({ layer }) => ({
      code,
      severity,
      message: `${layer.name} ${tell(layer)}`,
      at: { value: layer.name },
      hint,
    }));
  });
}

function kindsFor(layers: readonly LayerAnalysis[]): readonly Kind[] {
  const median = medianOf(layers.flatMap(({ isolated }) => (isolated ? [isolated.sqnrDb] : [])));
  return [
    {
      code: "quantize.noisy-layer",
      severity: "warning",
      hint: "give it more bits with --layer NAME=int16x8, or try --recover equalize and --calibration mse",
      weigh: ({ isolated: { sqnrDb } = { sqnrDb: Number.POSITIVE_INFINITY } }) =>
        sqnrDb < remarkable.below && sqnrDb < median - remarkable.belowMedian ? -sqnrDb : undefined,
      tell: ({ isolated }) =>
        `loses more than other layers by itself: ${decibels(isolated!.sqnrDb)} signal to noise, where the median is ${decibels(median)}`,
    },
    {
      code: "quantize.wide-channel",
      severity: "warning",
      hint: "even the channels out with --recover equalize, or --recover smooth after a normalization, or give the layer more bits with --layer NAME=int16x8",
      weigh: ({ channels }) => (channels && channels.widest.ratio >= widestRatio ? channels.widest.ratio : undefined),
      tell: ({ channels }) =>
        `has one scale for all channels, and channel ${channels!.widest.channel} reaches ${Math.round(channels!.widest.ratio)} times as far as most: the others are left few steps`,
    },
    {
      code: "quantize.clipped-values",
      severity: "warning",
      hint: "calibrate on samples that are like these, on more of them, or with --calibration minmax",
      weigh: ({ clipped, isolated, sqnrDb }) =>
        clipped > harmless.clipped && (isolated?.sqnrDb ?? sqnrDb) < harmless.from ? clipped : undefined,
      tell: ({ clipped }) => `has ${percent(clipped)} of its float values beyond the range that was chosen for it`,
    },
    {
      code: "quantize.sums-may-overflow",
      severity: "warning",
      hint: "quantize the layer with int16x8, whose sums have 64 bits, or split it into layers with fewer inputs",
      weigh: ({ headroom }) => (headroom && headroom.bits < 0 ? -headroom.bits : undefined),
      tell: ({ headroom }) => `can exceed 32 bits in the sums of channel ${headroom!.channel} for some inputs`,
    },
    {
      code: "quantize.constant-channels",
      severity: "info",
      hint: "nothing needs to be done; such channels could be pruned from the model",
      weigh: ({ channels }) => (channels && channels.constant.length > 0 ? channels.constant.length : undefined),
      tell: ({ channels }) => `has channels that never change on the samples: ${listOf(channels!.constant)}`,
    },
  ];
}

function medianOf(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

const decibels = (value: number) => `${value.toFixed(1)} dB`;
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function listOf(channels: readonly number[]): string {
  const shown = channels.slice(0, 8).join(", ");
  return channels.length > 8 ? `${shown} and ${channels.length - 8} more` : shown;
}
