import type { Operator } from "@millrace/ir";
import { arithmeticOperators, comparisonOperators, plainBinaryOperators } from "./binary.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { linear } from "./linear.ts";
import { averagePool2d, maxPool2d } from "./pool2d.ts";
import { reductionOperators } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import { clamp, elu, gelu, leakyRelu, unaryOperators } from "./unary.ts";

const all = {
  ...unaryOperators,
  leakyRelu,
  elu,
  gelu,
  clamp,
  ...arithmeticOperators,
  ...plainBinaryOperators,
  ...comparisonOperators,
  conv2d,
  linear,
  averagePool2d,
  maxPool2d,
  ...reductionOperators,
  reshape,
  transpose,
  concat,
} satisfies Record<string, Operator>;

export type OpName = keyof typeof all;

/** Every operator by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(Object.entries(all));
