import type { Pass } from "@millrace/passes";
import { equalizeChannels } from "./equalize-channels.ts";
import { unlimitActivations } from "./unlimit-activations.ts";

/** Changes of a float graph that make it lose less in integers, by name, in the order in which they run. */
export const recoveries = {
  unlimit: unlimitActivations,
  equalize: equalizeChannels,
} as const satisfies Readonly<Record<string, Pass>>;

export type RecoveryName = keyof typeof recoveries;

/** The passes of the names, in order. */
export function recoveryPasses(names: readonly RecoveryName[]): readonly Pass[] {
  return Object.entries(recoveries).flatMap(([name, pass]) => (names.includes(name as RecoveryName) ? [pass] : []));
}
