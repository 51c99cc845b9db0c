import { bytesOf } from "@millrace/ir";
import { npuProgram } from "@millrace/ops";
import { tensorsOf } from "./elementwise.ts";
import type { EdgeLowering } from "./emitter.ts";

/** The back end that executes Millrace's command streams. */
export const npuBackend = "MillraceNpu";

export const lowerNpuProgram: EdgeLowering = (node, emit, results) => {
  const { program } = npuProgram.inputsOf(node);
  const [, ...inputs] = tensorsOf(node, emit);
  emit.delegate({ backend: npuBackend, processed: bytesOf(program.constant!), inputs, results });
};
