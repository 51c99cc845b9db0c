import {
  type BlockSize,
  type BoundaryType,
  blockSizes,
  type CalibrationMethod,
  type IoLayout,
  type LayerScheme,
  type QuantizeRequest,
  type RecoveryName,
  type Rounding,
  type SchemeName,
} from "@millrace/toolkit";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type CalibrationDataOptions, withCalibrationDataOptions } from "./calibration-data.ts";
import type { CommonOptions } from "./context.ts";
import type { ShapeOptions } from "./model-file.ts";
import { parseCount, withLayoutOption, withMemoryOption, withShapeOptions } from "./options.ts";

export interface QuantizationOptions extends CommonOptions, ShapeOptions, CalibrationDataOptions {
  readonly output: string;
  readonly scheme: SchemeName;
  readonly calibration: CalibrationMethod;
  readonly percentile?: number;
  readonly layer?: readonly LayerScheme[];
  readonly symmetric?: boolean;
  readonly recover?: readonly RecoveryName[];
  readonly rounding?: Rounding;
  readonly perTensor?: boolean;
  readonly block?: BlockSize;
  readonly biasCorrection?: (typeof biasCorrections)[number] | false;
  readonly io?: BoundaryType;
  readonly samples?: number;
  readonly cache?: string;
  readonly accuracyDrop?: number;
  readonly recipe?: string;
  readonly like?: string;
  readonly ioLayout?: IoLayout;
  readonly memory?: number;
}

const schemes = [
  "int8",
  "int16x8",
  "int4",
  "float16",
  "dynamic",
  "dynamic-int4",
] as const satisfies readonly SchemeName[];
const layerSchemes: readonly string[] = [...schemes, "float32"] satisfies readonly SchemeName[];
const calibrations = [
  "minmax",
  "average",
  "percentile",
  "entropy",
  "mse",
] as const satisfies readonly CalibrationMethod[];
const recoveries = [
  "harden",
  "quicken",
  "unlimit",
  "smooth",
  "equalize",
  "absorb",
] as const satisfies readonly RecoveryName[];
const roundings = ["nearest", "compensated", "learned"] as const satisfies readonly Rounding[];
const biasCorrections = ["analytic", "empirical", "none"] as const;
const boundaryTypes = ["int8", "uint8", "int16", "float32"] as const satisfies readonly BoundaryType[];

/** Adds the options that say how a model is quantized. */
export function withQuantizationOptions(command: Command): Command {
  withCalibrationDataOptions(command)
    .addOption(new Option("--scheme <scheme>", "types of activations and weights").choices(schemes).default("int8"))
    .addOption(new Option("--calibration <method>", "how ranges are chosen").choices(calibrations).default("mse"))
    .option(
      "--percentile <percent>",
      "what --calibration percentile keeps of the numbers other than 0 (default: 99.99)",
      parsePercentile,
    )
    .option(
      "--layer <name=scheme>",
      "another scheme for some layers: a layer's name, in which * stands for any characters, or op:OPERATOR; may be repeated",
      collectLayers,
    )
    .option(
      "--recover <change>",
      `change the float model so that it loses less in integers: ${recoveries.join(", ")}; may be repeated`,
      collectRecoveries,
    )
    .addOption(
      new Option(
        "--rounding <method>",
        "how weights are rounded: each for itself, so that errors cancel on the samples (GPTQ), or from there to the least error (AdaRound's aim) (default: compensated for int4, else nearest)",
      ).choices(roundings),
    )
    .option("--symmetric", "zero points of int8 activations are 0")
    .option("--per-tensor", "one scale for all weights of a layer instead of one per output channel")
    .option(
      "--block <size>",
      `one scale for each ${blockSizes.join(", ")} neighbours in a row of weights of fully connected layers, where they fill it; for dynamic-int4 only`,
      parseBlock,
    )
    .addOption(
      new Option(
        "--bias-correction <method>",
        "how biases make up for mean errors: those that follow from the weights' rounding, those that samples show too, or not (default: analytic)",
      ).choices(biasCorrections),
    )
    .option("--no-bias-correction", "leave the mean shift that rounding the weights causes, as --bias-correction none")
    .addOption(new Option("--io <type>", "type of inputs and outputs (default: the scheme's)").choices(boundaryTypes))
    .option(
      "--accuracy-drop <points>",
      "look for the cheapest setting that loses at most so many hundredths of the data's metric; writes recipe.json",
      parseDrop,
    )
    .addOption(
      new Option(
        "--like <model>",
        "take types and parameters of activations from a quantized model of the same network; needs no data where all are known",
      ).conflicts(["scheme", "io", "perTensor", "symmetric", "recover", "accuracyDrop"]),
    )
    .option("--recipe <file>", "quantize as recipe.json says, which takes the place of other options")
    .option("--cache <folder>", "keep calibrations there, so that the same model and samples need none again")
    .option("--samples <count>", "most samples to calibrate with (default: 100)", parseCount);
  return withMemoryOption(withLayoutOption(withShapeOptions(command)));
}

/** What the options ask for, besides the model to be like. */
export function quantizeRequestOf(options: QuantizationOptions): QuantizeRequest {
  const {
    scheme,
    calibration,
    percentile,
    layer,
    symmetric,
    recover,
    rounding,
    perTensor,
    block,
    biasCorrection,
    io,
    samples,
  } = options;
  return {
    scheme,
    calibration,
    biasCorrection: biasCorrection !== false && biasCorrection !== "none",
    measuredBiases: biasCorrection === "empirical",
    perTensor: perTensor ?? false,
    symmetric: symmetric ?? false,
    ...(block !== undefined && { block }),
    ...(percentile !== undefined && { percentile }),
    ...(layer && { layers: layer }),
    ...(recover && { recover }),
    ...(rounding && { rounding }),
    ...(io && { io }),
    ...(samples !== undefined && { samples }),
  };
}

function parseBlock(text: string): BlockSize {
  const size = blockSizes.find((known) => `${known}` === text);
  if (size === undefined) throw new InvalidArgumentError(`It has to be one of ${blockSizes.join(", ")}.`);
  return size;
}

function parseDrop(text: string): number {
  if (/^[0-9]{1,3}(\.[0-9]{1,9})?$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError("It has to be from 0 to 100.");
}

function parsePercentile(text: string): number {
  const percentile = /^[0-9]{1,3}(\.[0-9]{1,9})?$/.test(text) ? Number(text) : 0;
  if (percentile > 0 && percentile <= 100) return percentile;
  throw new InvalidArgumentError("It has to be more than 0 and at most 100.");
}

function collectRecoveries(text: string, previous: readonly RecoveryName[] = []): readonly RecoveryName[] {
  const known: readonly string[] = recoveries;
  if (!known.includes(text)) throw new InvalidArgumentError(`It has to be one of ${known.join(", ")}.`);
  return [...previous, text as RecoveryName];
}

const operatorPrefix = "op:";

function collectLayers(text: string, previous: readonly LayerScheme[] = []): readonly LayerScheme[] {
  const end = text.lastIndexOf("=");
  const [name, scheme] = [text.slice(0, end), text.slice(end + 1)];
  if (end < 1) throw new InvalidArgumentError("It has to be NAME=SCHEME.");
  if (!layerSchemes.includes(scheme))
    throw new InvalidArgumentError(`The scheme has to be one of ${layerSchemes.join(", ")}.`);
  const named = name.startsWith(operatorPrefix)
    ? { operators: [name.slice(operatorPrefix.length)] }
    : { nodes: [name] };
  return [...previous, { ...named, scheme: scheme as SchemeName }];
}
