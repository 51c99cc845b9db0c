import type { Node } from "@millrace/ir";
import { type LowerBounds, lowerBoundsOf } from "./bounds.ts";
import type { Bound } from "./commands/command.ts";
import { isSegment, type NpuCompilation } from "./compiler/compile-graph.ts";
import type { CompiledSegment } from "./compiler/compile-segment.ts";
import type { Machine } from "./machine.ts";
import { processorCycles } from "./processor-cost.ts";
import { simulate } from "./simulator/simulate.ts";

/** What one unit does for one node, in cycles from the start of an inference. */
export interface Activity {
  readonly node: Node;
  readonly unit: "npu" | "dma" | "cpu";
  /** What it does: the kind of a command, or the operator on the processor. */
  readonly what: string;
  readonly start: number;
  readonly end: number;
  /** What takes the time. */
  readonly boundBy: Bound | "copy" | "processor";
  /** Cycles that copies took from the command. */
  readonly stall: number;
  readonly macs: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

/** An inference, predicted by simulation. */
export interface NpuProfile {
  readonly activities: readonly Activity[];
  readonly cycles: number;
  readonly bounds: LowerBounds;
}

/** When each unit does what in one inference: programs by the simulator, the processor's nodes by its cost model. */
export function profileCompilation(compilation: NpuCompilation): NpuProfile {
  const { phases, machine } = compilation;
  const activities: Activity[] = [];
  let cycles = 0;
  for (const phase of phases) {
    if (isSegment(phase)) {
      const { activities: own, cycles: taken } = profileSegment(phase, machine, cycles);
      activities.push(...own);
      cycles += taken;
      continue;
    }
    for (const node of phase.nodes) {
      const taken = processorCycles(node, machine.processor);
      activities.push({
        node,
        unit: "cpu",
        what: node.op.name,
        start: cycles,
        end: cycles + taken,
        boundBy: "processor",
        stall: 0,
        macs: node.op.cost(node.inputs, node.outputs, node.attributes).macs,
        readBytes: 0,
        writeBytes: 0,
      });
      cycles += taken;
    }
  }
  return { activities, cycles, bounds: lowerBoundsOf(compilation) };
}

function profileSegment({ program, nodeOf }: CompiledSegment, machine: Machine, from: number) {
  const { events, cycles } = simulate(program, machine);
  const activities = events.map(({ command, lane, start, end, stall, work, readBytes, writeBytes }): Activity => {
    return {
      node: nodeOf[command],
      unit: lane === "array" ? "npu" : "dma",
      what: program.commands[command].kind.name,
      start: from + start,
      end: from + end,
      boundBy: work?.boundBy ?? "copy",
      stall,
      macs: work?.macs ?? 0,
      readBytes,
      writeBytes,
    };
  });
  return { activities, cycles };
}
