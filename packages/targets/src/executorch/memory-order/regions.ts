import { bitsOf, elementCount } from "@millrace/ir";
import { type EdgeCall, type EdgeProgram, type EdgeStep, type EdgeTensor, tensorsRead } from "../edge-program.ts";
import { isFlexible, isImage } from "./flexible-calls.ts";
import { channelsLast, dimOrderOf, isSameOrder } from "./memory-order.ts";
import { keepsBytes, type Permutation, permutationOf } from "./permutations.ts";

/**
 * The calls that compute images with their channels innermost: regions of flexible calls that are linked by what they compute, where fewer bytes
 * are moved that way, counting permutations that are none then and copies where other steps read or write.
 */
export function channelsLastCalls({ steps, outputs }: EdgeProgram): ReadonlySet<EdgeStep> {
  const regions = new Regions(steps);
  const saved = new Map<EdgeCall, number>();
  const count = (call: EdgeCall, bytes: number) => {
    const root = regions.rootOf(call);
    saved.set(root, (saved.get(root) ?? 0) + bytes);
  };
  for (const [tensor, readers] of regions.readers) {
    const maker = regions.makers.get(tensor);
    const from = maker && permutationOf(maker);
    if (maker && isFlexible(maker)) {
      const others = readers.filter((reader) => !isFlexible(reader));
      count(
        maker,
        others.reduce((sum, reader) => sum + gainBehind(tensor, permutationOf(reader)), 0),
      );
      continue;
    }
    const roots = new Set(readers.filter(isFlexible).map((reader) => regions.rootOf(reader)));
    const isOnlyThere = readers.every(isFlexible);
    for (const root of roots) count(root, gainAhead(tensor, from, isOnlyThere));
  }
  for (const output of outputs) {
    const maker = regions.makers.get(output);
    if (maker && isFlexible(maker)) count(maker, gainBehind(output, undefined));
  }
  const isBetter = (call: EdgeCall) => (saved.get(regions.rootOf(call)) ?? 0) > 0;
  return new Set(steps.filter(isFlexible).filter(isBetter));
}

/** Bytes that a region saves at a tensor that it reads, others too unless it `isOnlyThere`; below 0 where it has to be copied. */
function gainAhead(tensor: EdgeTensor, from: Permutation | undefined, isOnlyThere: boolean): number {
  if (from && keepsBytes(from, from.source, channelsLast)) return isOnlyThere ? bytesOf(tensor) : 0;
  return -copied(tensor);
}

/** The same at a tensor that it makes, for one that reads it. */
function gainBehind(tensor: EdgeTensor, to: Permutation | undefined): number {
  const order = to && dimOrderOf(to.result);
  if (to && order && keepsBytes(to, { ...tensor, dimOrder: channelsLast }, order)) return bytesOf(tensor);
  return -copied(tensor);
}

function copied(tensor: EdgeTensor): number {
  return isSameOrder(tensor.shape, dimOrderOf(tensor), channelsLast) ? 0 : bytesOf(tensor);
}

function bytesOf({ dtype, shape }: EdgeTensor): number {
  return (elementCount(shape as readonly number[]) * bitsOf(dtype)) / 8;
}

/** Which flexible calls belong together, and who makes and reads images. */
class Regions {
  readonly makers = new Map<EdgeTensor, EdgeStep>();
  readonly readers = new Map<EdgeTensor, EdgeStep[]>();
  readonly #parents = new Map<EdgeCall, EdgeCall>();

  constructor(steps: readonly EdgeStep[]) {
    for (const step of steps) {
      for (const tensor of new Set(tensorsRead(step)))
        if (isImage(tensor) && !tensor.constant) this.#read(tensor, step);
      for (const result of step.results) this.makers.set(result, step);
    }
  }

  rootOf(call: EdgeCall): EdgeCall {
    let root = call;
    for (let parent = this.#parents.get(root); parent; parent = this.#parents.get(root)) {
      const above = this.#parents.get(parent);
      if (above) this.#parents.set(root, above);
      root = parent;
    }
    return root;
  }

  #read(tensor: EdgeTensor, step: EdgeStep): void {
    const readers = this.readers.get(tensor);
    if (readers) readers.push(step);
    else this.readers.set(tensor, [step]);
    const maker = this.makers.get(tensor);
    if (!maker || !isFlexible(maker) || !isFlexible(step)) return;
    const [upper, lower] = [this.rootOf(maker), this.rootOf(step)];
    if (upper !== lower) this.#parents.set(lower, upper);
  }
}
