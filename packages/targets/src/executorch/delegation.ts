import { bytesOf } from "@millrace/ir";
import { npuProgram } from "@millrace/ops";
import type { EdgeBackend } from "./edge-program.ts";
import { tensorsOf } from "./elementwise.ts";
import type { EdgeLowering } from "./emitter.ts";

/** The back end that executes Millrace's command streams. */
export const npuBackend: EdgeBackend = { id: "MillraceNpu" };

export const lowerNpuProgram: EdgeLowering = (node, emit, results) => {
  const { program } = npuProgram.inputsOf(node);
  const [, ...inputs] = tensorsOf(node, emit);
  emit.delegate({ processed: bytesOf(program.constant!), inputs, results });
};
