import { elementCount, storageBytes, type Value } from "@millrace/ir";
import { bindType } from "../binding.ts";
import type { Step } from "../plan.ts";
import type { FastKernel } from "./kernel.ts";
import type { Slot } from "./layout.ts";

/** The value that was put where each one lies. */
export function rootsOf(steps: readonly Step[], fast: readonly (FastKernel | undefined)[]): (value: Value) => Value {
  const roots = new Map<Value, Value>();
  const rootOf = (value: Value) => roots.get(value) ?? value;
  for (const [index, { node }] of steps.entries()) {
    const shared = fast[index]?.shares;
    if (shared) roots.set(node.outputs[0], rootOf(shared));
  }
  return rootOf;
}

function bytesOf({ type }: Value, sizes: ReadonlyMap<string, number>): number {
  return elementCount(bindType(type, sizes).shape as readonly number[]) * storageBytes(type.dtype);
}

/**
 * A slot for everything that fast kernels read or write, from the first to the last step that touches it. What comes from elsewhere is
 * there from the first of the fast steps in a row on.
 */
export function slotsOf(
  steps: readonly Step[],
  fast: readonly (FastKernel | undefined)[],
  kept: ReadonlySet<Value>,
  rootOf: (value: Value) => Value,
  sizes: ReadonlyMap<string, number>,
): ReadonlyMap<Value, Slot> {
  const slots = new Map<Value, Slot>();
  let first = 0;
  for (const [index, { node }] of steps.entries()) {
    if (!fast[index]) first = index + 1;
    for (const value of fast[index] ? [...fast[index].reads, ...node.outputs] : []) {
      const root = rootOf(value);
      if (root.constant !== undefined || slots.has(root)) continue;
      slots.set(root, { bytes: bytesOf(root, sizes), from: node.outputs.includes(root) ? index : first, to: index });
    }
    for (const value of [...node.inputs, ...node.outputs]) {
      const slot = value && slots.get(rootOf(value));
      if (slot)
        slots.set(rootOf(value), {
          ...slot,
          to: kept.has(value) ? Number.POSITIVE_INFINITY : Math.max(slot.to, index),
        });
    }
  }
  return slots;
}
