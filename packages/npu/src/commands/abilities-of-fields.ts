import type { Ability } from "../machine.ts";

type Fields = Readonly<Record<string, number>>;

/** What a machine must have for a command with some fields. */
export function abilitiesOfFields(fields: Fields): readonly Ability[] {
  const { elementBytes = 1, resultBytes = 1, weightBytes = 0 } = fields;
  return [
    ...(clampsMore(fields) ? (["activation"] as const) : []),
    ...(weightBytes > 0 ? (["decompression"] as const) : []),
    ...(elementBytes > 1 || resultBytes > 1 ? (["16-bit data"] as const) : []),
  ];
}

/** Whether fields clamp results to less than their type holds. */
export function clampsMore({ low, high, resultBytes = 1 }: Fields): boolean {
  const half = 2 ** (8 * resultBytes - 1);
  return low > -half || high < half - 1;
}
