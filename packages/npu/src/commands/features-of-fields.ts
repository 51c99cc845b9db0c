import type { Features } from "../machine.ts";

/** What a machine must have for a command with some fields. */
export function featuresOfFields(fields: Readonly<Record<string, number>>): readonly (keyof Features)[] {
  return [
    ...(fields.low > -128 || fields.high < 127 ? (["activation"] as const) : []),
    ...(fields.weightBytes > 0 ? (["decompression"] as const) : []),
  ];
}
