import type { Node } from "@millrace/ir";
import type { Buffer } from "../lowering/lowering.ts";
import type { Machine, Overheads } from "../machine.ts";
import { chainCommands } from "./chain-commands.ts";
import { clampApart } from "./clamp-apart.ts";
import { withCompressedWeights } from "./compressed-weights.ts";
import type { NodeDraft } from "./draft.ts";
import { foldTables } from "./fold-tables.ts";

/**
 * Commands that make use of what a machine has beside its multipliers, and do without what it lacks. `kept` are the buffers that are needed after the last;
 * the commands of nodes of `apart` stay such as can be divided into tiles.
 */
export function applyFeatures(
  commands: readonly NodeDraft[],
  kept: ReadonlySet<Buffer>,
  machine: Machine,
  overheads: Overheads,
  apart: ReadonlySet<Node>,
): readonly NodeDraft[] {
  const { activation, conversion, decompression } = machine.features;
  const clamped = activation ? commands : clampApart(commands);
  const folded = conversion ? foldTables(clamped, kept) : clamped;
  const compressed = decompression ? withCompressedWeights(folded, machine, apart) : folded;
  return chainCommands(compressed, kept, machine, overheads, apart);
}
