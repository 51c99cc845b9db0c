import type { Node } from "@millrace/ir";
import { decodeProgram, type Program } from "@millrace/npu";
import { npuProgram } from "@millrace/ops";

/** The program that an `npuProgram` runs. Throws what `decodeProgram` throws. */
export function programOf(node: Node): Program {
  return decodeProgram(npuProgram.inputsOf(node).program.constant!.data as Uint8Array);
}
