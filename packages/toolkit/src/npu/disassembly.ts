import { fail, type Graph } from "@millrace/ir";
import { decodeProgram, disassemble, looksLikeProgram } from "@millrace/npu";
import { npuProgram } from "@millrace/ops";
import { load, type ModelSource } from "../load.ts";
import { programOf } from "./program-of.ts";

/** The programs of a model, or the one that the bytes are, as text. Throws `npu.no-program` where a model has none, and what `load` throws. */
export function disassemblyOf(source: ModelSource): string {
  if (looksLikeProgram(source.bytes)) return disassemble(decodeProgram(source.bytes));
  const programs = programsOf(load(source).graph);
  if (programs.length > 0) return programs.join("\n\n");
  return fail("npu.no-program", `${source.name} has no programs of an NPU`, {
    hint: "compile the model with --target and the name of a machine",
  });
}

function programsOf(graph: Graph): readonly string[] {
  return [...graph.nodes()].flatMap((node) =>
    node.op === npuProgram ? [`; ${node.name}\n${disassemble(programOf(node))}`] : [],
  );
}
