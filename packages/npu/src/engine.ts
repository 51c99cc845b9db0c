import { bytesOf, type Graph, type Node, type Tensor, type Value, viewBytes } from "@millrace/ir";
import { type Engine, type Kernel, referenceEngine } from "@millrace/runtime";
import { compileFitting } from "./compiler/compile-fitting.ts";
import { compileGraph, type NpuOptions } from "./compiler/compile-graph.ts";
import { embedPrograms } from "./compiler/embed.ts";
import { addressableBytes, type Machine } from "./machine.ts";
import { decodeProgram } from "./program/decode.ts";
import { simulate } from "./simulator/simulate.ts";

/**
 * Computes what a machine's array can by simulating its programs, from their bytes, and the rest by the reference kernels. Where values within
 * programs are wanted, which stay to the end then, the machine is given as much memory as can be addressed.
 */
export function npuEngine(machine: Machine, options: NpuOptions = {}): Engine {
  const { flavor = "tflite" } = options;
  return {
    name: "npu",
    async prepare(graph: Graph, wanted: readonly Value[] = []) {
      const simulated = wanted.length === 0 ? machine : withAllMemory(machine);
      const reference = referenceEngine({ flavor, kernels: { npuProgram: (node) => programKernel(node, simulated) } });
      const { graph: source, compilation } =
        wanted.length === 0
          ? compileFitting(graph, simulated, options)
          : { graph, compilation: compileGraph(graph, simulated, options, new Set(wanted)) };
      const compiled = embedPrograms(source, compilation);
      const byName = new Map(
        [...compiled.nodes()].flatMap(({ outputs }) => outputs).map((value) => [value.name, value]),
      );
      return reference.prepare(
        compiled,
        wanted.map(({ name }) => byName.get(name)!),
      );
    },
  };
}

function withAllMemory(machine: Machine): Machine {
  const { memory, outer } = machine;
  if (outer) return { ...machine, outer: { ...outer, bytes: addressableBytes } };
  return { ...machine, memory: { ...memory, bytes: addressableBytes } };
}

/** Executes the stream that a node holds. */
function programKernel({ inputs }: Node, machine: Machine): Kernel {
  const program = decodeProgram(inputs[0]!.constant!.data as Uint8Array);
  return ([, ...values], types) => {
    const { outputs } = simulate(program, machine, (values as Tensor[]).map(bytesOf));
    return types.map(({ dtype, shape }, index) => {
      return viewBytes(dtype, shape as readonly number[], outputs[index]);
    });
  };
}
