import { bitsOf, fail, largestSizes, type SizeBounds } from "@millrace/ir";
import { type MemoryPlan, planMemory } from "@millrace/runtime";
import {
  type EdgeLoop,
  type EdgeProgram,
  type EdgeStep,
  type EdgeTensor,
  isBranch,
  isLoop,
  isView,
  tensorsRead,
} from "./edge-program.ts";

/** Where the tensors that a program computes lie. */
export interface TensorPlan {
  readonly offsets: ReadonlyMap<EdgeTensor, number>;
  readonly plan: MemoryPlan;
}

/** The largest tensor that memory is planned for, so that a sum of all is exact. */
const mostBytes = 2 ** 40;

/** Bytes that ExecuTorch's kernels expect tensors to be aligned to. */
const alignment = 16;

/** Bytes of a tensor's elements where its sizes are the largest. */
function bytesOfTensor({ name, dtype, shape }: EdgeTensor, bounds: SizeBounds): number {
  const bytes = largestSizes(shape, bounds).reduce((product, size) => product * size, bitsOf(dtype) / 8);
  if (bytes <= mostBytes) return bytes;
  return fail("executorch.too-large", `${name} takes ${bytes} bytes where its open sizes are the largest`, {
    at: { value: name },
    hint: "give smaller bounds, as in --dim N=1..16",
  });
}

/** Gives inputs and all that steps compute a place in one arena, for as long as it is needed, and states one of their own; in `milliseconds` at most. Throws `executorch.too-large`. */
export function planTensors(program: EdgeProgram, milliseconds: number): TensorPlan {
  const { inputs, states, steps, outputs, bounds } = program;
  const lifetimes = new Lifetimes();
  const buffers = states.map(({ buffer }) => buffer);
  for (const given of [...inputs, ...buffers]) lifetimes.write(given);
  lifetimes.pass(steps);
  for (const left of [...outputs, ...buffers]) lifetimes.read(left);
  const tensors = [...lifetimes.all.keys()];
  const sized = [...lifetimes.all].map(([tensor, lifetime]) => ({
    ...lifetime,
    size: bytesOfTensor(tensor, bounds),
  }));
  const plan = planMemory(sized, { alignment, milliseconds });
  const offsets = new Map(tensors.map((tensor, index) => [tensor, plan.offsets[index]]));
  for (const [view, source] of lifetimes.sources) offsets.set(view, offsets.get(source)!);
  return { plan, offsets };
}

/** From when to when tensors are needed, counted in steps as they are written one behind the other. */
class Lifetimes {
  readonly all = new Map<EdgeTensor, { start: number; end: number }>();
  /** The tensor whose bytes another is. */
  readonly sources = new Map<EdgeTensor, EdgeTensor>();
  #now = 0;

  write(tensor: EdgeTensor): void {
    const lifetime = this.all.get(tensor);
    if (lifetime) lifetime.end = this.#now + 1;
    else this.all.set(tensor, { start: this.#now, end: this.#now + 1 });
  }

  read(tensor: EdgeTensor): void {
    const lifetime = this.all.get(this.sources.get(tensor) ?? tensor);
    if (lifetime) lifetime.end = this.#now + 1;
  }

  /** Goes through steps and gives all tensors that they use. */
  pass(steps: readonly EdgeStep[]): ReadonlySet<EdgeTensor> {
    const used = new Set<EdgeTensor>();
    for (const step of steps) for (const tensor of this.#step(step)) used.add(tensor);
    return used;
  }

  #step(step: EdgeStep): Iterable<EdgeTensor> {
    if (isLoop(step)) return this.#loop(step);
    const read = tensorsRead(step);
    for (const tensor of read) this.read(tensor);
    if (isView(step)) {
      this.sources.set(step.results[0], this.sources.get(step.source) ?? step.source);
      return read;
    }
    if (isBranch(step)) {
      this.#now++;
      return [...read, ...this.pass(step.whenTrue), ...this.pass(step.whenFalse)];
    }
    for (const result of step.results) this.write(result);
    this.#now++;
    return [...read, ...step.results];
  }

  /** What is there before a loop and used in it is needed until its last round is over. */
  #loop({ condition, goesOn, body }: EdgeLoop): Iterable<EdgeTensor> {
    const start = this.#now;
    const used = new Set(this.pass(condition)).add(goesOn);
    this.read(goesOn);
    this.#now++;
    for (const tensor of this.pass(body)) used.add(tensor);
    for (const tensor of used) if ((this.all.get(tensor)?.start ?? start) < start) this.read(tensor);
    return used;
  }
}
