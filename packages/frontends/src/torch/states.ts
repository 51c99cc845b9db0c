import { schemaOf } from "@millrace/formats/aten";
import type { ExportedProgram } from "@millrace/formats/pt2";
import type { Graph, State, Value } from "@millrace/ir";
import { viewedTensor, writtenTensor } from "./mutations.ts";

/** Names of the program's inputs that are buffers it writes to: what it keeps from run to run. */
export function keptBuffers({ graph, signature }: ExportedProgram): ReadonlySet<string> {
  const targets = new Set(signature.outputs.flatMap((spec) => (spec.kind === "bufferMutation" ? [spec.target] : [])));
  const bases = new Map<string, string>();
  const written = new Set<string>();
  for (const node of graph.nodes) {
    const schema = schemaOf(node.target);
    const name = writtenTensor(node, schema);
    if (name !== undefined) written.add(bases.get(name) ?? name);
    const viewed = name ?? viewedTensor(node, schema);
    if (viewed === undefined) continue;
    const base = bases.get(viewed) ?? viewed;
    for (const output of node.outputs) if (output.kind === "tensor") bases.set(output.name, base);
  }
  return new Set(
    signature.inputs.flatMap((spec) =>
      spec.kind === "buffer" && (targets.has(spec.target) || written.has(spec.value)) ? [spec.value] : [],
    ),
  );
}

interface Kept {
  readonly input: Value;
  readonly initial: Value;
}

/** Makes inputs of the buffers that a program writes to, which the graph's states feed with what was written in the run before. */
export class StateKeeper {
  readonly #graph: Graph;
  readonly #names: ReadonlySet<string>;
  readonly #kept = new Map<string, Kept>();

  constructor(graph: Graph, names: ReadonlySet<string>) {
    this.#graph = graph;
    this.#names = names;
  }

  /** What stands for a buffer in the graph: an input if the program keeps it, else itself. */
  keep(name: string, initial: Value): Value {
    if (!this.#names.has(name)) return initial;
    const input = this.#graph.addInput(initial.name, initial.type);
    this.#kept.set(name, { input, initial });
    return input;
  }

  /** Buffers by name, with what they are in the first run. */
  get kept(): ReadonlyMap<string, Kept> {
    return this.#kept;
  }

  /** The state of a buffer, whose next contents are the graph's output `output`. */
  stateOf(name: string, output: string): State {
    const { input, initial } = this.#kept.get(name)!;
    return { input: input.name, output, initial: initial.constant! };
  }
}
