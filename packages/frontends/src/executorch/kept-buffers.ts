import type { Argument, Node, TensorMeta } from "@millrace/formats/pt2";
import type { PteMethod } from "@millrace/formats/pte";
import { tensorNames } from "../torch/scope.ts";
import { noMetadata, tensorArgument } from "./flow-nodes.ts";

/** The kernel by which ExecuTorch's own exporter writes back what buffers hold in the next run. */
export const writeBack = "aten::copy_";

const copying = "torch.ops.aten.copy_.default";

/** Tensors of a method that are written back without having contents in the file: buffers of zeros. */
export function clearedBuffers({ inputs, operators, chains }: PteMethod): ReadonlySet<number> {
  const written = chains.flatMap(({ instructions }) =>
    instructions.flatMap((step) =>
      step.kind === "KernelCall" && operators[step.opIndex].name === writeBack ? step.args.slice(0, 1) : [],
    ),
  );
  const given = new Set(inputs);
  return new Set(written.filter((index) => !given.has(index)));
}

/** The tensors that a method keeps from run to run. */
export class KeptBuffers {
  readonly #types: Map<string, TensorMeta>;
  readonly #names = new Set<string>();
  #writes = 0;

  /** `types` of the program's tensors get those of the steps between. */
  constructor(types: Map<string, TensorMeta>) {
    this.#types = types;
  }

  add(name: string): void {
    this.#names.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** The buffer that a node copies to. */
  copiedTo({ target, inputs }: Node): readonly string[] {
    return target === copying ? this.#of(inputs.slice(0, 1).map(({ value }) => value)) : [];
  }

  /** The node with results of its own for the buffers that it writes to, and nodes that copy these into them. */
  through(node: Node): readonly Node[] {
    const results = new Map(this.#of(node.outputs).map((buffer) => [buffer, this.#tensorLike(buffer)]));
    if (results.size === 0) return [node];
    const outputs = node.outputs.map((output) => renamed(output, results));
    return [{ ...node, outputs }, ...[...results].map(([buffer, source]) => this.#copy(buffer, source))];
  }

  #of(tensors: readonly Argument[]): readonly string[] {
    return tensors.flatMap(tensorNames).filter((name) => name !== undefined && this.#names.has(name)) as string[];
  }

  #copy(buffer: string, source: string): Node {
    const inputs = Object.entries({ self: buffer, src: source }).map(([name, tensor]) => ({
      name,
      value: tensorArgument(tensor),
    }));
    const outputs = [tensorArgument(this.#tensorLike(buffer))];
    return { target: copying, inputs, outputs, metadata: noMetadata };
  }

  #tensorLike(buffer: string): string {
    const name = `${buffer}_written_${this.#writes++}`;
    this.#types.set(name, this.#types.get(buffer)!);
    return name;
  }
}

function renamed(output: Argument, names: ReadonlyMap<string, string>): Argument {
  if (output.kind === "tensor") return tensorArgument(names.get(output.name) ?? output.name);
  if (output.kind === "tensors") return { ...output, names: output.names.map((name) => names.get(name) ?? name) };
  return output;
}
