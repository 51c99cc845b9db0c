import type { Node } from "@millrace/ir";
import type { Lowering, Unsupported } from "../lowering/lowering.ts";
import { lowerings } from "../lowering/table.ts";
import type { Machine } from "../machine.ts";

const table: Readonly<Record<string, Lowering | Unsupported>> = lowerings;

/** Why a machine's array can't compute a node, in words; undefined if it can. */
export function refusalOf(node: Node, machine: Machine): string | undefined {
  const lowering = table[node.op.name];
  return "unsupported" in lowering ? lowering.unsupported : lowering.refuse(node, machine);
}
