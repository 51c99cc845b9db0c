import type { Node } from "@millrace/ir";
import { firstOf, type Lowering, type Unsupported } from "../lowering/lowering.ts";
import { lowerings } from "../lowering/table.ts";
import type { Machine } from "../machine.ts";
import { valueBytes } from "./draft.ts";

const table: Readonly<Record<string, Lowering | Unsupported>> = lowerings;

/** Why a machine's array can't compute a node, however much memory there is, in words; undefined if it can. */
export function refusalOf(node: Node, machine: Machine): string | undefined {
  const lowering = table[node.op.name];
  if ("unsupported" in lowering) return lowering.unsupported;
  return lowering.refuse(node, machine);
}

/** Whether the array would do no more for a node than move its numbers or state them on other parameters. */
export function movesOnly({ op }: Node): boolean {
  const lowering = table[op.name];
  return "moves" in lowering && lowering.moves === true;
}

/** Why a node's data don't fit in memory, all at once; of nodes that the array can compute. */
export function refuseSize(node: Node, { memory, outer }: Machine): string | undefined {
  const capacity = (outer ?? memory).bytes;
  const values = new Set([...node.inputs, ...node.outputs].filter((value) => value && value.constant === undefined));
  const bytes = [...values].reduce((sum, value) => sum + valueBytes(value!), 0);
  return firstOf([bytes > capacity, `its data take ${bytes} bytes at once and the memory has ${capacity}`]);
}
