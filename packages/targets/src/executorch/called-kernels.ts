import type { PteOperator } from "@millrace/formats/pte";

/** The kernels that a method calls, numbered in the order of their first calls. */
export class CalledKernels {
  readonly #indices = new Map<string, number>();
  /** Names with overloads, such as `aten::add.out`, one for each call. */
  readonly calls: string[] = [];

  /** Notes a call and gives the kernel's number. */
  call(name: string): number {
    this.calls.push(name);
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    const index = this.#indices.size;
    this.#indices.set(name, index);
    return index;
  }

  operators(): readonly PteOperator[] {
    return [...this.#indices.keys()].map((key) => {
      const [name, overload] = key.split(".");
      return { name, overload };
    });
  }
}
