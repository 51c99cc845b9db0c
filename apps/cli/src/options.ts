import type { SizeRange } from "@millrace/toolkit";
import { type Command, InvalidArgumentError, Option } from "commander";

/** Adds the options that settle a model's shapes and layout. */
export function withShapeOptions(command: Command): Command {
  return command
    .option("--shape <name=sizes>", "shape of an input, as NAME=1,3,224,224; may be repeated", collect(parseShape))
    .option("--dim <name=size>", "size of a named dimension, as N=4; may be repeated", collect(parseSize));
}

export function withLayoutOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--io-layout <layout>",
      "layout of image-like inputs and outputs (default: nhwc in .tflite, source in .onnx and .pte)",
    ).choices(["source", "nhwc", "nchw"]),
  );
}

export function withMemoryOption(command: Command): Command {
  return command.option(
    "--memory <bytes>",
    "bytes that activations of a .tflite file should take at most; layers are computed in stripes of their rows where they take more",
    parseBytes,
  );
}

export function parseBytes(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It has to be a whole number of bytes.");
}

/** Adds examples of use to a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ millrace ${example}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export function parseCount(text: string): number {
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError("It has to be a whole number from 1.");
}

const mostThreads = 64;

export function parseThreads(text: string): number {
  const threads = parseCount(text);
  if (threads > mostThreads) throw new InvalidArgumentError(`It can't be more than ${mostThreads}.`);
  return threads;
}

/** Gathers the values of a repeated option NAME=VALUE. */
export function collect<T>(parse: (text: string) => T) {
  return (text: string, previous: ReadonlyMap<string, T> = new Map()): ReadonlyMap<string, T> => {
    const end = text.indexOf("=");
    if (end < 1) throw new InvalidArgumentError("It has to be NAME=VALUE.");
    const name = text.slice(0, end);
    if (previous.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
    return new Map([...previous, [name, parse(text.slice(end + 1))]]);
  };
}

/** Bounds of a size, as 1..16, or 16 for all up to that. */
export function parseBounds(text: string): SizeRange {
  const [maximum, minimum = 1, ...more] = text.split("..").map(parseSize).toReversed();
  if (more.length === 0 && minimum <= maximum && maximum < 2 ** 31 - 1) return { minimum, maximum };
  throw new InvalidArgumentError("Bounds have to be a least and a greatest size, as 1..16.");
}

function parseShape(text: string): readonly number[] {
  return text === "" ? [] : text.split(",").map(parseSize);
}

function parseSize(text: string): number {
  const size = /^[0-9]{1,10}$/.test(text.trim()) ? Number(text) : 0;
  if (size > 0 && size < 2 ** 31) return size;
  throw new InvalidArgumentError("Sizes have to be whole numbers from 1, with commas between them.");
}
