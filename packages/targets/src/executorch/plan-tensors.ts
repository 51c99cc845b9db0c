import { bitsOf } from "@millrace/ir";
import { type MemoryPlan, planMemory } from "@millrace/runtime";
import { type EdgeProgram, type EdgeTensor, tensorsRead } from "./edge-program.ts";

/** Where the tensors that a program computes lie. */
export interface TensorPlan {
  readonly offsets: ReadonlyMap<EdgeTensor, number>;
  readonly plan: MemoryPlan;
}

/** Bytes that ExecuTorch's kernels expect tensors to be aligned to. */
const alignment = 16;

/** Bytes of a tensor's elements. */
export function bytesOfTensor({ dtype, shape }: EdgeTensor): number {
  return shape.reduce((product, size) => product * size, bitsOf(dtype) / 8);
}

/** Gives inputs and all that steps compute a place in one arena, for as long as it is needed; in `milliseconds` at most. */
export function planTensors({ inputs, steps, outputs }: EdgeProgram, milliseconds: number): TensorPlan {
  const lifetimes = new Map<EdgeTensor, { start: number; end: number }>();
  for (const input of inputs) lifetimes.set(input, { start: 0, end: 1 });
  steps.forEach((step, at) => {
    for (const tensor of tensorsRead(step)) {
      const lifetime = lifetimes.get(tensor);
      if (lifetime) lifetime.end = at + 1;
    }
    for (const result of step.results) lifetimes.set(result, { start: at, end: at + 1 });
  });
  for (const output of outputs) lifetimes.get(output)!.end = steps.length + 1;
  const tensors = [...lifetimes.keys()];
  const buffers = tensors.map((tensor) => ({ ...lifetimes.get(tensor)!, size: bytesOfTensor(tensor) }));
  const plan = planMemory(buffers, { alignment, milliseconds });
  return { plan, offsets: new Map(tensors.map((tensor, index) => [tensor, plan.offsets[index]])) };
}
