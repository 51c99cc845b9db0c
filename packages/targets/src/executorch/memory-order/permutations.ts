import { permute } from "@millrace/ir";
import { type EdgeCall, type EdgeStep, type EdgeTensor, isCall } from "../edge-program.ts";
import { dimOrderOf, isSameOrder } from "./memory-order.ts";

/** A call that puts axes into another order. */
export interface Permutation {
  readonly call: EdgeCall;
  readonly source: EdgeTensor;
  readonly axes: readonly number[];
  readonly result: EdgeTensor;
}

export function permutationOf(step: EdgeStep): Permutation | undefined {
  if (!isCall(step) || step.operator !== "aten.permute_copy.default") return undefined;
  const [source, axes] = step.positional as readonly [EdgeTensor, readonly number[]];
  return { call: step, source, axes, result: step.results[0] };
}

/** Whether the result in an order of its axes has the bytes of `source`, which may stand in an order of its own. */
export function keepsBytes({ axes }: Permutation, source: EdgeTensor, order: readonly number[]): boolean {
  return isSameOrder(source.shape, dimOrderOf(source), permute(axes, order));
}
