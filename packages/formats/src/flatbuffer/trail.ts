import { FormatError } from "../error.ts";

/** The path from the root table to the field at work, for messages; and the way to fail there. */
export class Trail {
  readonly format: string;
  readonly #steps: (string | number)[] = [];

  /** `format` names the file format: it begins every error code. */
  constructor(format: string) {
    this.format = format;
  }

  push(step: string | number): void {
    this.#steps.push(step);
  }

  pop(): void {
    this.#steps.pop();
  }

  /** What `visit` makes of each item of the list called `name`, with its place on the path. */
  each<T, R>(name: string, items: readonly T[], visit: (item: T, index: number) => R): R[] {
    this.push(name);
    const results = items.map((item, i) => {
      this.push(i);
      const result = visit(item, i);
      this.pop();
      return result;
    });
    this.pop();
    return results;
  }

  toString(): string {
    const path = this.#steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
    return path === "" ? "the root" : path.replace(/^\./, "");
  }

  fail(code: string, problem: string, hint: string): never {
    const where = this.toString();
    throw new FormatError(`${this.format}.${code}`, `${where}: ${problem}`, { hint, where });
  }
}
