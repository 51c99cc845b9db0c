import { type Attribute, type AttributeSpec, type Dimension, type DType, Graph, isDType } from "@millrace/ir";

/** A value out of a fixed set of words. */
export function oneOf<const T extends string>(...words: readonly T[]): AttributeSpec<T> {
  return {
    describe: `one of ${words.join(", ")}`,
    accepts: (value): value is T => typeof value === "string" && (words as readonly string[]).includes(value),
  };
}

function numbers(describe: string, test: (value: number) => boolean, count?: number): AttributeSpec<readonly number[]> {
  return {
    describe: count === undefined ? `a list of ${describe}` : `${count} ${describe}`,
    accepts: (value): value is readonly number[] =>
      Array.isArray(value) &&
      (count === undefined || value.length === count) &&
      value.every((item) => typeof item === "number" && test(item)),
  };
}

export const integer: AttributeSpec<number> = {
  describe: "an integer",
  accepts: (value): value is number => Number.isSafeInteger(value),
};

export const positiveInteger: AttributeSpec<number> = {
  describe: "a positive integer",
  accepts: (value): value is number => Number.isSafeInteger(value) && (value as number) > 0,
};

export const real: AttributeSpec<number> = {
  describe: "a number",
  accepts: (value): value is number => typeof value === "number" && !Number.isNaN(value),
};

export const flag: AttributeSpec<boolean> = {
  describe: "true or false",
  accepts: (value): value is boolean => typeof value === "boolean",
};

const countable = (value: number) => Number.isSafeInteger(value) && value >= 0;

export const integers = numbers("integers", Number.isSafeInteger);
/** Integers of at least 0. */
export const counts = numbers("integers of at least 0", countable);
export const reals = numbers("numbers", (value) => !Number.isNaN(value));

/** [height, width], each at least 1. */
export const positivePair = numbers("positive integers", (value) => Number.isSafeInteger(value) && value > 0, 2);

/** [depth, height, width], each at least 1. */
export const positiveTriple = numbers("positive integers", (value) => Number.isSafeInteger(value) && value > 0, 3);

/** [top, left, bottom, right], each at least 0. */
export const spatialPadding = numbers("integers of at least 0", countable, 4);

/** Sizes, symbolic ones among them. */
export const dimensions: AttributeSpec<readonly Dimension[]> = {
  describe: "a list of sizes",
  accepts: (value): value is readonly Dimension[] =>
    Array.isArray(value) && value.every((item) => typeof item === "string" || Number.isSafeInteger(item)),
};

export const elementType: AttributeSpec<DType> = {
  describe: "an element type",
  accepts: (value: Attribute): value is DType => typeof value === "string" && isDType(value),
};

/** A graph that a node runs. */
export const body: AttributeSpec<Graph> = {
  describe: "a graph",
  accepts: (value): value is Graph => value instanceof Graph,
};

/** Where the channel axis of image-like data is: `first` is NCHW, `last` is NHWC. */
export const layout = oneOf("first", "last");
export type Layout = "first" | "last";

/** Clamp applied to an operator's result. */
export const activation = oneOf("none", "relu", "relu6", "reluN1To1");
export type Activation = "none" | "relu" | "relu6" | "reluN1To1";
