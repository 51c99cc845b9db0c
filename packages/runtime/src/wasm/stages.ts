import type { Tensor, Value } from "@millrace/ir";
import type { KernelStep } from "../plan.ts";
import type { FastKernel } from "./kernel.ts";

/** A part of a run: takes tensors from those computed so far, and adds its own. */
export type Stage = (tensors: Map<Value, Tensor>) => void;

/** Steps that some commands of the module compute in a row; the others are computed one by one. */
export interface Chain {
  readonly steps: readonly KernelStep[];
  readonly fast: readonly (FastKernel | undefined)[];
  readonly kept: ReadonlySet<Value>;
  /** Computes the fast steps from the one numbered `first` to before `end`. */
  run(first: number, end: number): void;
  computeStep(step: KernelStep, tensors: Map<Value, Tensor>): void;
  /** Where a value lies in the module's memory. */
  view(value: Value): Tensor;
}

/** Puts a tensor to its place in the module's memory. */
export function putInPlace(tensor: Tensor, { data }: Tensor): void {
  if (tensor.data.buffer !== data.buffer) (data as Uint8Array).set(tensor.data as Uint8Array);
}

/** Values that other than fast steps read, or that are kept. */
function seenElsewhere({ steps, fast, kept }: Chain): ReadonlySet<Value | undefined> {
  return new Set([...kept, ...steps.flatMap(({ node }, index) => (fast[index] ? [] : node.inputs))]);
}

/** The whole of a run in as few stages as may be: fast steps in a row make one. */
export function stagesOf(chain: Chain): readonly Stage[] {
  const { steps, fast, run, computeStep, view } = chain;
  const made = new Set(steps.flatMap(({ node }, index) => (fast[index] ? node.outputs : [])));
  const seen = seenElsewhere(chain);
  const fastStage = (first: number, end: number): Stage => {
    const reads = new Set(fast.slice(first, end).flatMap((kernel) => kernel?.reads ?? []));
    const entering = [...reads]
      .filter((value) => !value.constant && !made.has(value))
      .map((value) => [value, view(value)] as const);
    const results = steps.slice(first, end).flatMap(({ node }) => node.outputs);
    const leaving = results.filter((value) => seen.has(value)).map((value) => [value, view(value)] as const);
    return (tensors) => {
      for (const [value, place] of entering) putInPlace(tensors.get(value)!, place);
      run(first, end);
      for (const [value, tensor] of leaving) tensors.set(value, tensor);
    };
  };
  const stages: Stage[] = [];
  for (let first = 0, end = 0; first < steps.length; first = end) {
    while (end < steps.length && fast[end]) end++;
    if (end > first) stages.push(fastStage(first, end));
    else {
      const step = steps[end++];
      stages.push((tensors) => computeStep(step, tensors));
    }
  }
  return stages;
}
