import type { Node } from "@millrace/ir";
import { oneRun, transfer } from "../../commands/transfer.ts";
import type { Buffer, Place } from "../../lowering/lowering.ts";
import type { NodeDraft } from "../draft.ts";

/** Bytes of a buffer that have a place of their own for a while. */
export interface Slice {
  readonly start: number;
  readonly end: number;
  readonly tile: Buffer;
}

export function sliceOf({ name }: Buffer, start: number, end: number, what: string): Slice {
  return { start, end, tile: { name: `${name} ${what}`, bytes: end - start } };
}

/** A transfer of bytes that follow one another. */
export function copyOf(from: Place, to: Place, bytes: number, node: Node): NodeDraft {
  return { kind: transfer, fields: { from, to, bytes, ...oneRun }, node };
}
