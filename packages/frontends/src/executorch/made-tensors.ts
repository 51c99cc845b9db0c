import type { Argument, Node } from "@millrace/formats/pt2";
import { tensorNames } from "../torch/scope.ts";
import { refuseFlow } from "./structured-steps.ts";

/** Nodes of a part of a program, and the tensors from around that they read and the ones they write. */
export interface Part {
  readonly nodes: readonly Node[];
  readonly read: ReadonlySet<string>;
  readonly written: ReadonlySet<string>;
}

/** The tensors that have contents at a point of a program. */
export class MadeTensors {
  readonly #names = new Set<string>();
  readonly #order: string[] = [];

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#order.push(name);
  }

  /** The part that `read` makes the nodes of; what it adds is gone afterwards. Throws where it reads what nothing has made. */
  part(read: () => readonly Node[]): Part {
    const before = this.#order.length;
    const nodes = read();
    for (const name of this.#order.splice(before)) this.#names.delete(name);
    const part = { nodes, read: new Set<string>(), written: new Set<string>() };
    for (const { inputs, outputs } of nodes) {
      for (const name of inputs.flatMap(({ value }) => namesOf(value))) {
        if (part.written.has(name)) continue;
        if (!this.has(name)) refuseFlow(`a part of it reads ${name}, which may not be there`);
        part.read.add(name);
      }
      for (const name of outputs.flatMap(namesOf)) part.written.add(name);
    }
    return part;
  }
}

function namesOf(argument: Argument): readonly string[] {
  return tensorNames(argument).filter((name) => name !== undefined);
}
