import { bitsOf, elementCount, fail, isStatic, type Value } from "@millrace/ir";
import { bindType } from "./binding.ts";
import type { Step } from "./plan.ts";

/** What tensors of a run may take together where nothing else is asked for. */
export const defaultMaximumBytes = 2 ** 29;

/**
 * Checks before anything is allocated that the tensors alive together at any step take `maximumBytes` at most; sizes that are not known
 * count as nothing. Throws DiagnosticError `runtime.too-much-memory`.
 */
export function requireMemory(steps: readonly Step[], sizes: ReadonlyMap<string, number>, maximumBytes: number): void {
  const alive = new Map<Value, number>();
  let bytes = 0;
  const add = (value: Value | undefined) => {
    if (value === undefined || value.constant || alive.has(value)) return;
    const own = bytesOf(value, sizes);
    alive.set(value, own);
    bytes += own;
  };
  for (const { node, spent, bodies = [] } of steps) {
    for (const value of [...node.inputs, ...node.outputs]) add(value);
    if (!(bytes <= maximumBytes)) refuse(node.name, node.op.name, bytes, maximumBytes);
    for (const [, body] of bodies) requireMemory(body.steps, sizes, maximumBytes - bytes);
    for (const value of spent) {
      bytes -= alive.get(value) ?? 0;
      alive.delete(value);
    }
  }
}

function bytesOf({ type }: Value, sizes: ReadonlyMap<string, number>): number {
  const { dtype, shape } = bindType(type, sizes);
  return isStatic(shape) ? elementCount(shape) * Math.ceil(bitsOf(dtype) / 8) : 0;
}

function refuse(node: string, op: string, bytes: number, maximumBytes: number): never {
  fail(
    "runtime.too-much-memory",
    `at ${op} "${node}" the tensors of a run take ${bytes} bytes, and ${maximumBytes} are allowed.`,
    {
      at: { node },
      hint: "Give smaller input shapes, or allow the engine more memory.",
    },
  );
}
