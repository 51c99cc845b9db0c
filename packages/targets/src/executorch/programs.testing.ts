import { numberStream } from "../tflite/graphs.testing.ts";
import type { EdgeProgram, EdgeStep, EdgeTensor } from "./edge-program.ts";

/** Makes programs of calls, branches and loops in each other, the same for the same seed; what the calls compute makes no sense. */
export class RandomProgram {
  readonly #next: () => number;
  #count = 0;

  constructor(seed: number) {
    this.#next = numberStream(seed);
  }

  program(): EdgeProgram {
    const inputs = [this.#tensor(), this.#tensor()];
    const there = [...inputs];
    const steps = this.#steps(there, 8, 0);
    const outputs = [this.#pick(there), this.#pick(there)];
    return { name: "random", inputs, states: [], steps, outputs, bounds: new Map() };
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.min(limit - 1, Math.floor(((this.#next() + 1) / 2) * limit));
  }

  /** Some steps; what they make is there afterwards. */
  #steps(there: EdgeTensor[], most: number, depth: number): EdgeStep[] {
    const steps: EdgeStep[] = [];
    for (let count = 1 + this.below(most); count > 0; count--) {
      const kind = depth < 3 ? this.below(5) : 0;
      if (kind < 3) steps.push(this.#call(there));
      else if (kind === 3) steps.push(this.#branch(there, depth));
      else steps.push(...this.#loop(there, depth));
    }
    return steps;
  }

  #call(there: EdgeTensor[]): EdgeStep {
    const results = Array.from({ length: 1 + this.below(2) }, () => this.#tensor());
    const positional = [this.#pick(there), this.#pick(there)];
    there.push(...results);
    return { operator: "aten.add.Tensor", positional, keywords: {}, results, origin: [] };
  }

  #branch(there: EdgeTensor[], depth: number): EdgeStep {
    const condition = this.#pick(there);
    const results = [this.#tensor(), this.#tensor()];
    const part = () => {
      const within = [...there];
      const steps = this.#steps(within, 4, depth + 1);
      return [...steps, ...results.map((result) => copy(this.#pick(within), result))];
    };
    const [whenTrue, whenFalse] = [part(), part()];
    there.push(...results);
    return { condition, whenTrue, whenFalse, results, origin: [] };
  }

  #loop(there: EdgeTensor[], depth: number): readonly EdgeStep[] {
    const results = [this.#tensor(), this.#tensor()];
    const first = results.map((result) => copy(this.#pick(there), result));
    there.push(...results);
    const asked = [...there];
    const condition = this.#steps(asked, 3, depth + 1);
    const goesOn = this.#pick(asked);
    const within = [...there];
    const round = this.#steps(within, 4, depth + 1);
    const made = results.map(() => this.#tensor());
    const body = [
      ...round,
      ...made.map((tensor) => copy(this.#pick(within), tensor)),
      ...results.map((result, index) => copy(made[index], result)),
    ];
    return [...first, { condition, goesOn, body, results, origin: [] }];
  }

  #tensor(): EdgeTensor {
    return { name: `t${this.#count++}`, dtype: "f32", shape: [1 + this.below(24)] };
  }

  #pick(tensors: readonly EdgeTensor[]): EdgeTensor {
    return tensors[this.below(tensors.length)];
  }
}

function copy(from: EdgeTensor, to: EdgeTensor): EdgeStep {
  return { operator: "aten.clone.default", positional: [from], keywords: {}, results: [to], origin: [] };
}
