import type { IoLayout, QuantizeRequest } from "@millrace/toolkit";
import { type Command, Option } from "commander";
import type { CommonOptions } from "./context.ts";
import { dataDescription } from "./data.ts";
import type { ShapeOptions } from "./model-file.ts";
import { parseCount, withLayoutOption, withShapeOptions } from "./options.ts";
import { RequestError } from "./request-error.ts";

export interface QuantizationOptions extends CommonOptions, ShapeOptions {
  readonly data?: string;
  readonly output: string;
  readonly scheme: string;
  readonly calibration: string;
  readonly perTensor?: boolean;
  readonly biasCorrection: boolean;
  readonly io: "int8" | "uint8" | "float32";
  readonly samples?: number;
  readonly ioLayout?: IoLayout;
}

const schemes = ["int8", "int16x8", "int4", "float16", "dynamic"];
const calibrations = ["minmax", "average", "percentile", "entropy", "mse"];

/** Adds the options that say how a model is quantized. */
export function withQuantizationOptions(command: Command): Command {
  command
    .option("--data <data>", dataDescription)
    .addOption(new Option("--scheme <scheme>", "types of activations and weights").choices(schemes).default("int8"))
    .addOption(new Option("--calibration <method>", "how ranges are chosen").choices(calibrations).default("minmax"))
    .option("--per-tensor", "one scale for all weights of a layer instead of one per output channel")
    .option("--no-bias-correction", "leave the mean shift that rounding the weights causes")
    .addOption(
      new Option("--io <type>", "type of inputs and outputs").choices(["int8", "uint8", "float32"]).default("int8"),
    )
    .option("--samples <count>", "most samples to calibrate with (default: 100)", parseCount);
  return withLayoutOption(withShapeOptions(command));
}

/** What the options ask for. Throws a RequestError for what can't be had yet. */
export function quantizeRequestOf({
  scheme,
  calibration,
  perTensor,
  biasCorrection,
  io,
  samples,
}: QuantizationOptions): QuantizeRequest {
  if (scheme !== schemes[0]) throw notAvailable("scheme", scheme, schemes[0]);
  if (calibration !== calibrations[0]) throw notAvailable("calibration", calibration, calibrations[0]);
  return { perTensor: perTensor ?? false, biasCorrection, io, ...(samples !== undefined && { samples }) };
}

function notAvailable(option: string, wanted: string, available: string): RequestError {
  return new RequestError(`quantize.${option}-not-available`, `--${option} ${wanted} is not available yet`, {
    hint: `use --${option} ${available}`,
  });
}
