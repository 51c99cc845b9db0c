import type { Graph, Node, Value } from "@millrace/ir";
import { npuProgram } from "@millrace/ops";
import type { Machine } from "../machine.ts";
import { decodeProgram } from "../program/decode.ts";
import type { NpuCompilation, ProcessorPhase } from "./compile-graph.ts";
import type { CompiledSegment } from "./compile-segment.ts";

/** Whether a graph has programs of an array. */
export function isCompiled(graph: Graph): boolean {
  for (const { op } of graph.nodes()) if (op === npuProgram) return true;
  return false;
}

/** What was compiled before, as far as the programs in a graph tell: which were made of which nodes they do not. */
export function compiledGraph(graph: Graph, machine: Machine): NpuCompilation {
  const phases: (CompiledSegment | (ProcessorPhase & { readonly nodes: Node[] }))[] = [];
  const reasons = new Map<Node, string>();
  for (const node of graph.nodes()) {
    const last = phases.at(-1);
    if (node.op === npuProgram) {
      phases.push(segmentOf(node, machine));
      continue;
    }
    reasons.set(node, "it was left to the processor when the model was compiled");
    if (last && !("program" in last)) last.nodes.push(node);
    else phases.push({ nodes: [node] });
  }
  return { machine, phases, reasons, lacking: new Set() };
}

/** Bounds assume that all constants could stay in memory, as nothing tells how much room there was. */
function segmentOf(node: Node, machine: Machine): CompiledSegment {
  const { program: bytes } = npuProgram.inputsOf(node);
  const program = decodeProgram(bytes.constant!.data as Uint8Array);
  return {
    nodes: [node],
    inputs: node.inputs.slice(1) as readonly Value[],
    outputs: node.outputs,
    program,
    nodeOf: program.commands.map(() => node),
    memory: { bytes: program.memoryBytes, lowerBoundBytes: program.memoryBytes, optimal: false },
    couldStay: machine.memory.bytes,
  };
}
