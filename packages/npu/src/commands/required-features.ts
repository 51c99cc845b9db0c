import type { Features } from "../machine.ts";
import type { Command } from "./command.ts";

/** What a machine must have for a command, as its fields tell. */
export function requiredFeatures({ fields }: Command): readonly (keyof Features)[] {
  return [
    ...(fields.low > -128 || fields.high < 127 ? (["activation"] as const) : []),
    ...(fields.weightBytes > 0 ? (["decompression"] as const) : []),
  ];
}
