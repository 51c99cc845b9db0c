import { elementCount, type Graph, type Node } from "@millrace/ir";
import { type Command, compileGraph, isSegment, type NpuCompilation, processorCycles, simulate } from "@millrace/npu";
import type { Setup } from "./setups.ts";

/** What a network gives each unit to do in a setup. */
export interface Workload {
  /** Of the array, in their order. */
  readonly commands: readonly Command[];
  /** Bytes of weights that are copied while nothing else goes on. */
  readonly copiedBytes: number;
  /** Cycles of the processor, without softmax. */
  readonly processorCycles: number;
  readonly softmaxElements: number;
  readonly inputElements: number;
  /** Cycles of the array's programs and their copies by the simulator. */
  readonly simulatedCycles: number;
}

/** Compiles a graph for a setup and simulates its time. */
export function workloadOf(graph: Graph, setup: Setup): Workload {
  const compilation = compiled(graph, setup);
  const { machine } = setup;
  const commands = programsOf(compilation).flatMap((program) => program.commands);
  const transfers = commands.filter(({ kind }) => kind.name === "transfer");
  const onProcessor = compilation.phases.flatMap((phase) => (isSegment(phase) ? [] : phase.nodes));
  const softmax = onProcessor.filter(isSoftmax);
  const others = onProcessor.filter((node) => !isSoftmax(node));
  return {
    commands: commands.filter(({ kind }) => kind.name !== "transfer" && kind.name !== "await"),
    copiedBytes: sum(transfers.map(({ fields }) => fields.bytes)),
    processorCycles: sum(others.map((node) => processorCycles(node, machine.processor))),
    softmaxElements: sum(softmax.map(({ outputs }) => elementCount(outputs[0].type.shape as readonly number[]))),
    inputElements: sum(graph.inputs.map(({ type }) => elementCount(type.shape as readonly number[]))),
    simulatedCycles: sum(programsOf(compilation).map((program) => simulate(program, machine).cycles)),
  };
}

/** Cycles of an inference, as compiled and simulated. */
export function cyclesOfInference(workload: Workload, setup: Setup): number {
  const { processor } = setup.machine;
  return (
    workload.simulatedCycles +
    workload.processorCycles +
    (setup.softmax ? workload.softmaxElements * processor.softmaxElement : 0) +
    workload.inputElements * setup.inputElement
  );
}

function compiled(
  graph: Graph,
  { machine, mode, weights }: Setup,
): NpuCompilation | { readonly phases: readonly [{ readonly nodes: readonly Node[] }] } {
  return mode === undefined
    ? { phases: [{ nodes: [...graph.nodes()] }] }
    : compileGraph(graph, machine, { mode, weights, overlapCopies: false, joinRows: false });
}

function programsOf({ phases }: ReturnType<typeof compiled>) {
  return phases.flatMap((phase) => (isSegment(phase) ? [phase.program] : []));
}

function isSoftmax({ op }: Node): boolean {
  return op.name === "softmax";
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
