import type { Dataset, RandomNumbers } from "@millrace/toolkit";
import { type Command, InvalidArgumentError, Option } from "commander";
import { dataDescription, openData, requireData } from "./data.ts";
import { parseCount } from "./options.ts";
import { RequestError } from "./request-error.ts";

/** What to calibrate with. */
export interface CalibrationDataOptions {
  readonly data?: string;
  readonly randomData?: number;
  readonly seed: number;
  readonly randomRange: readonly [number, number];
  readonly randomDistribution: RandomNumbers["distribution"];
}

const distributions = ["uniform", "normal"] as const satisfies readonly RandomNumbers["distribution"][];

/** Adds the options that say what to calibrate with. */
export function withCalibrationDataOptions(command: Command): Command {
  return command
    .option("--data <data>", dataDescription)
    .option("--random-data <count>", "calibrate with random numbers, where there are no samples", parseRandomCount)
    .option("--seed <number>", "of --random-data", parseSeed, 0)
    .addOption(
      new Option("--random-range <low,high>", "of --random-data")
        .argParser(parseRange)
        .default([-1, 1] as const, "-1,1"),
    )
    .addOption(
      new Option("--random-distribution <kind>", "of --random-data").choices(distributions).default("uniform"),
    );
}

interface CalibrationSources extends CalibrationDataOptions {
  /** A model that the quantized one is to be like, in whose presence there may be nothing to calibrate with. */
  readonly like?: string;
  /** Whether the model is one of integers already, which is taken as it is. */
  readonly finished?: boolean;
}

/** Checks before any work that there is one thing to calibrate with. Throws a RequestError `data.not-given` or `data.given-twice`. */
export function requireCalibrationData(sources: CalibrationSources, use: string): void {
  const { data, randomData } = sources;
  if (randomData === undefined) {
    if (!needsNone(sources)) requireData(data, use);
  } else if (data !== undefined) {
    throw new RequestError("data.given-twice", "--data and --random-data were both given", {
      hint: "leave --random-data out: real samples are always better",
    });
  }
}

/** Opens what the options name, or draws random numbers; data without samples where none are needed. */
export async function openCalibrationData(options: CalibrationSources, use: string): Promise<Dataset> {
  const { data, randomData, seed, randomRange, randomDistribution: distribution } = options;
  const { noData, randomDataset } = await import("@millrace/toolkit");
  if (randomData === undefined) return data === undefined && needsNone(options) ? noData : openData(data, use);
  const [minimum, maximum] = randomRange;
  return randomDataset(randomData, { seed, distribution, minimum, maximum });
}

function needsNone({ like, finished = false }: CalibrationSources): boolean {
  return like !== undefined || finished;
}

const mostRandomSamples = 100_000;

function parseRandomCount(text: string): number {
  const count = parseCount(text);
  if (count > mostRandomSamples) throw new InvalidArgumentError(`It can't be more than ${mostRandomSamples}.`);
  return count;
}

function parseSeed(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It has to be a whole number from 0.");
}

function parseRange(text: string): readonly [number, number] {
  const [low, high, ...more] = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (more.length === 0 && Math.abs(low) < 1e30 && Math.abs(high) < 1e30 && low < high) return [low, high];
  throw new InvalidArgumentError("It has to be two numbers, the smaller one first, with a comma between them.");
}
