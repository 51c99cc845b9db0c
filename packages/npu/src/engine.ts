import type { Graph, Tensor, Value } from "@millrace/ir";
import { type Engine, kernelOf } from "@millrace/runtime";
import { compileGraph, isSegment, type NpuOptions } from "./compiler/compile-graph.ts";
import type { CompiledSegment } from "./compiler/compile-segment.ts";
import type { Machine } from "./machine.ts";
import { decodeProgram } from "./program/decode.ts";
import { encodeProgram } from "./program/encode.ts";
import { simulate } from "./simulator/simulate.ts";

/** Computes what a machine's array can by simulating its programs, from their bytes, and the rest by the reference kernels. */
export function npuEngine(machine: Machine, options: NpuOptions = {}): Engine {
  return {
    name: "npu",
    async prepare(graph: Graph, wanted: readonly Value[] = []) {
      const kept = new Set([...graph.outputs, ...wanted]);
      const { phases, context } = compileGraph(graph, machine, options, kept);
      const steps = phases.map((phase) =>
        isSegment(phase) ? programStep(phase, machine) : processorStep(phase.nodes, context),
      );
      return {
        async run(feeds, { signal } = {}) {
          const values = new Map<Value, Tensor>();
          for (const input of graph.inputs) values.set(input, feeds.get(input.name)!);
          for (const step of steps) {
            signal?.throwIfAborted();
            step(values);
          }
          return new Map([...kept].map((value) => [value.name, tensorOf(values, value)]));
        },
        dispose: () => {},
      };
    },
  };
}

type Step = (values: Map<Value, Tensor>) => void;

function tensorOf(values: ReadonlyMap<Value, Tensor>, value: Value): Tensor {
  return value.constant ?? values.get(value)!;
}

function programStep({ program, inputs, outputs }: CompiledSegment, machine: Machine): Step {
  const decoded = decodeProgram(encodeProgram(program));
  return (values) => {
    const bytes = inputs.map((value) => bytesOf(tensorOf(values, value)));
    const results = simulate(decoded, machine, bytes).outputs;
    outputs.forEach(({ type }, index) => {
      const { buffer, byteOffset, length } = results[index];
      const data = new Int8Array(buffer as ArrayBuffer, byteOffset, length);
      values.set(outputs[index], { dtype: "i8", shape: type.shape as readonly number[], data });
    });
  };
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function processorStep(nodes: CompiledSegment["nodes"], context: Parameters<typeof kernelOf>[1]): Step {
  const kernels = nodes.map((node) => ({ node, kernel: kernelOf(node, context) }));
  return (values) => {
    for (const { node, kernel } of kernels) {
      const inputs = node.inputs.map((value) => value && tensorOf(values, value));
      const results = kernel(
        inputs,
        node.outputs.map(({ type }) => type),
        node.attributes,
      );
      for (const [index, value] of node.outputs.entries()) values.set(value, results[index]);
    }
  };
}
