import type { Pass } from "@millrace/passes";
import type { Calibration } from "../calibrate.ts";
import { absorbBiases } from "./absorb-biases.ts";
import { equalizeChannels } from "./equalize-channels.ts";
import { hardenActivations } from "./harden-activations.ts";
import { quickenActivations } from "./quicken-activations.ts";
import { smoothChannels } from "./smooth-channels.ts";
import { unlimitActivations } from "./unlimit-activations.ts";

/** Makes a pass from what was seen of the graph that it will run on. */
type Recovery = (seen: Calibration) => Pass;

/** Changes of a float graph that make it lose less in integers, by name, in the order in which they run. */
export const recoveries = {
  harden: () => hardenActivations,
  quicken: () => quickenActivations,
  unlimit: () => unlimitActivations,
  smooth: (seen) => smoothChannels(seen),
  equalize: ({ maxima }) => equalizeChannels(maxima),
  absorb: absorbBiases,
} as const satisfies Readonly<Record<string, Recovery>>;

export type RecoveryName = keyof typeof recoveries;

/** The recoveries of the names, in order. */
export function recoveriesOf(names: readonly RecoveryName[]): readonly Recovery[] {
  return Object.entries(recoveries).flatMap(([name, make]) => (names.includes(name as RecoveryName) ? [make] : []));
}
