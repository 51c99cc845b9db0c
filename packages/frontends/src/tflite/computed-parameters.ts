import type { Attributes } from "@millrace/ir";
import type { OpName } from "@millrace/ops";
import { allInputs, type Call, input, statedShape } from "./call.ts";
import { finish } from "./emit.ts";

/** Whether an operand depends on data. */
export function isComputed(call: Call, position: number): boolean {
  return input(call, position).constant === undefined;
}

/** Makes a node whose parameters are its operands; the shape of its result is the one the file states. */
export function finishLate(call: Call, op: OpName, known: Attributes): void {
  finish(call, op, allInputs(call), { ...known, shape: statedShape(call) });
}
