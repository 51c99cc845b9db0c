import { bitsOf, elementCount, fail, isStatic, type Node, type Shape, type Value } from "@millrace/ir";
import { bindType } from "./binding.ts";
import type { Step } from "./plan.ts";

type Sizes = ReadonlyMap<string, number>;

/** What tensors of a run may take together where nothing else is asked for. */
export const defaultMaximumBytes = 2 ** 29;

/**
 * Checks before anything is allocated that the tensors alive together at any step take `maximumBytes` at most; results whose sizes only their data decides
 * count as the largest they can be, and other sizes that are not known as nothing. Throws DiagnosticError `runtime.too-much-memory`.
 */
export function requireMemory(steps: readonly Step[], sizes: Sizes, maximumBytes: number): void {
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

/** What the tensors alive in a run may take, and take at present; for runs in which only data decides some sizes. */
export interface Memory {
  readonly maximumBytes: number;
  bytes: number;
}

/** Counts a node's results as alive as soon as their sizes are known. Throws DiagnosticError `runtime.too-much-memory`. */
export function takeMemory(memory: Memory, { name, op, outputs }: Node, sizes: Sizes): void {
  for (const value of outputs) memory.bytes += bytesOf(value, sizes);
  if (!(memory.bytes <= memory.maximumBytes)) refuse(name, op.name, memory.bytes, memory.maximumBytes);
}

/** Counts values as alive no more. */
export function giveMemory(memory: Memory, values: readonly Value[], sizes: Sizes): void {
  for (const value of values) if (value.producer) memory.bytes -= bytesOf(value, sizes);
}

/** Sizes that only data decides are the largest there can be. */
function bytesOf(value: Value, sizes: Sizes): number {
  const { dtype } = value.type;
  const bound = bindType(value.type, sizes);
  const { shape } = isStatic(bound.shape) ? bound : bindType({ dtype, shape: largestShape(value) }, sizes);
  return isStatic(shape) ? elementCount(shape) * Math.ceil(bitsOf(dtype) / 8) : 0;
}

function largestShape(value: Value): Shape {
  const { op, inputs, attributes, outputs = [] } = value.producer ?? {};
  return op?.largest?.(inputs!, attributes!)[outputs.indexOf(value)] ?? value.type.shape;
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
