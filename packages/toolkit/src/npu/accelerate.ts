import type { Diagnostic, Graph } from "@millrace/ir";
import {
  type Activity,
  compileFitting,
  embedPrograms,
  isSegment,
  type Machine,
  type NpuCompilation,
  type NpuOptions,
  type PayloadOf,
  profileCompilation,
  traceOf,
} from "@millrace/npu";
import type { OperatorTime, PredictedLatency } from "../latency.ts";
import type { Delegation } from "../report.ts";
import { scheduleOf } from "./schedule-quality.ts";

/** A graph divided between a machine's array and its processor, and how long it would take there. */
export interface Acceleration {
  readonly compilation: NpuCompilation;
  /** The graph with the programs of the array. */
  readonly graph: Graph;
  /** What was changed of the graph so that it fits in the machine's memory. */
  readonly diagnostics: readonly Diagnostic[];
  readonly latency: PredictedLatency;
  readonly delegation: Delegation;
  /** A timeline in Chrome's trace format. */
  readonly trace: object;
}

/** Compiles what a machine's array can compute of an integer graph and predicts the time of an inference; `payloadOf` is as in `embedPrograms`. */
export function accelerate(
  source: Graph,
  machine: Machine,
  options: NpuOptions = {},
  payloadOf?: PayloadOf,
): Acceleration {
  const { graph, compilation, diagnostics } = compileFitting(source, machine, options);
  const profile = profileCompilation(compilation);
  const { activities, cycles, bounds } = profile;
  const milliseconds = (count: number) => count / machine.clockMHz / 1000;
  return {
    compilation,
    graph: embedPrograms(graph, compilation, payloadOf),
    diagnostics,
    latency: {
      target: machine.title,
      basis: `simulated, with ${machine.basis}`,
      ms: milliseconds(cycles),
      cycles,
      boundMs: milliseconds(bounds.cycles),
      schedule: scheduleOf(compilation, profile),
      perOperator: activities.map((activity, id) => operatorTime(activity, id, machine)),
    },
    delegation: delegationOf(graph, compilation),
    trace: traceOf(activities, machine.clockMHz),
  };
}

function operatorTime(activity: Activity, id: number, { clockMHz }: Machine): OperatorTime {
  const { node, unit, start, end, boundBy, macs, readBytes, writeBytes } = activity;
  const cycles = end - start;
  const { name, op, origin } = node;
  return { id, name, op: op.name, unit, us: cycles / clockMHz, cycles, boundBy, macs, readBytes, writeBytes, origin };
}

function delegationOf(graph: Graph, { phases, reasons }: NpuCompilation): Delegation {
  const cpu = reasons.size;
  const npu = [...graph.nodes()].length - cpu;
  return {
    npu,
    cpu,
    ratio: npu + cpu === 0 ? 0 : npu / (npu + cpu),
    programs: phases.filter(isSegment).length,
    reasons: [...reasons].map(([{ name, op }, message]) => ({ node: name, code: `npu.${op.name}`, message })),
  };
}
