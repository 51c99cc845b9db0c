import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EdgeLoop,
  type EdgeProgram,
  type EdgeStep,
  type EdgeTensor,
  isBranch,
  isLoop,
  tensorsRead,
} from "./edge-program.ts";
import { planTensors, type TensorPlan } from "./plan-tensors.ts";
import { RandomProgram } from "./programs.testing.ts";

/** Goes through a program as a runtime does, one way or another, and notes whose contents each byte of the arena is. */
class Arena {
  readonly #plan: TensorPlan;
  readonly #owners: (EdgeTensor | undefined)[];
  readonly #choose: (limit: number) => number;

  constructor(plan: TensorPlan, choose: (limit: number) => number) {
    this.#plan = plan;
    this.#owners = new Array(plan.plan.arenaBytes);
    this.#choose = choose;
  }

  run({ inputs, steps, outputs }: EdgeProgram): void {
    this.#write(inputs);
    this.#all(steps);
    this.#read(outputs);
  }

  #all(steps: readonly EdgeStep[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: EdgeStep): void {
    if (isLoop(step)) this.#loop(step, this.#choose(3));
    else this.#single(step);
  }

  #single(step: Exclude<EdgeStep, EdgeLoop>): void {
    this.#read(tensorsRead(step));
    if (isBranch(step)) this.#all(this.#choose(2) === 0 ? step.whenTrue : step.whenFalse);
    else {
      this.#write(step.results);
      this.#read(tensorsRead(step));
    }
    this.#read(step.results);
  }

  #loop(loop: EdgeLoop, rounds: number): void {
    this.#all(loop.condition);
    this.#read([loop.goesOn]);
    for (let round = 0; round < rounds; round++) {
      this.#all(loop.body);
      this.#all(loop.condition);
      this.#read([loop.goesOn]);
    }
    this.#read(loop.results);
  }

  #write(tensors: readonly EdgeTensor[]): void {
    for (const tensor of tensors) this.#owners.fill(tensor, ...this.#place(tensor));
  }

  /** Fails where anything else was written over a tensor. */
  #read(tensors: readonly EdgeTensor[]): void {
    for (const tensor of tensors) {
      const other = this.#owners.slice(...this.#place(tensor)).find((owner) => owner !== tensor);
      if (other !== undefined) throw new Error(`${other.name} was written over ${tensor.name}`);
    }
  }

  #place(tensor: EdgeTensor): readonly [start: number, end: number] {
    const start = this.#plan.offsets.get(tensor)!;
    return [start, start + Number(tensor.shape[0]) * 4];
  }
}

describe("the memory of programs with branches and loops", () => {
  it("keeps what is read later apart on every way through the program, at multiples of 16 bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const random = new RandomProgram(seed);
        const program = random.program();
        const plan = planTensors(program, 5);
        expect([...plan.offsets.values()].filter((offset) => offset % 16 !== 0)).toEqual([]);
        for (let way = 0; way < 8; way++) new Arena(plan, (limit) => random.below(limit)).run(program);
      }),
      { numRuns: 60 },
    );
  });

  it("is less than one place for each tensor would take", () => {
    const program = new RandomProgram(7).program();
    const { offsets, plan } = planTensors(program, 5);
    const sum = [...offsets.keys()].reduce((bytes, { shape }) => bytes + Number(shape[0]) * 4, 0);
    expect(plan.arenaBytes).toBeLessThan(sum);
  });
});
