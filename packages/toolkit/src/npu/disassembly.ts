import { fail, type Graph } from "@millrace/ir";
import { decodeProgram, disassemble } from "@millrace/npu";
import { npuProgram } from "@millrace/ops";
import { load } from "../load.ts";

/** The programs of a .tflite or .pte file, or the one that the bytes are, as text. Throws `npu.no-program` where there are none. */
export function disassemblyOf(name: string, bytes: Uint8Array): string {
  if (!/\.(tflite|pte)$/i.test(name)) return disassemble(decodeProgram(bytes));
  const programs = programsOf(load({ name, bytes }).graph);
  if (programs.length > 0) return programs.join("\n\n");
  return fail("npu.no-program", `${name} has no programs of an NPU`, {
    hint: "compile the model with --target and the name of a machine",
  });
}

function programsOf(graph: Graph): readonly string[] {
  return [...graph.nodes()].flatMap((node) => {
    if (node.op !== npuProgram) return [];
    const { data } = npuProgram.inputsOf(node).program.constant!;
    return [`; ${node.name}\n${disassemble(decodeProgram(data as Uint8Array))}`];
  });
}
