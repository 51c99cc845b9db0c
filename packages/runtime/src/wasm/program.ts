import { allocate, elementCount, isStatic, type Tensor, type TensorData, type Value } from "@millrace/ir";
import { bindAttributes, bindType } from "../binding.ts";
import type { Kernel, KernelContext } from "../kernels/kernel.ts";
import type { Step } from "../plan.ts";
import type { FastKernel, FastKernelFactory, FastNode } from "./kernel.ts";
import { createLayout, type Slot } from "./layout.ts";
import { instantiate, type ModuleExports } from "./module.ts";
import { fastKernels } from "./table.ts";

type Sizes = ReadonlyMap<string, number>;

/** Steps for feeds of certain sizes, and the memory that some of their results are views of. */
export interface Program {
  readonly steps: readonly Step[];
  readonly memory: ArrayBuffer | undefined;
}

/** More memory than this is not asked for. */
const mostBytes = 2 ** 30;

const factories = fastKernels as Readonly<Record<string, FastKernelFactory | undefined>>;

/**
 * Steps in which the module computes what it can, in memory laid out once, and the reference kernels the rest. Where memory does
 * not suffice, the steps stay as they are.
 */
export async function assemble(
  steps: readonly Step[],
  kept: ReadonlySet<Value>,
  context: KernelContext,
  sizes: Sizes,
): Promise<Program> {
  const plain = { steps, memory: undefined };
  const fast = steps.map((step) => fastKernelOf(step, context, sizes));
  if (fast.every((kernel) => kernel === undefined)) return plain;
  const rootOf = rootsOf(steps, fast);
  const slots = slotsOf(steps, fast, kept, rootOf, sizes);
  const bytes = [...slots.values()].reduce((sum, slot) => sum + slot.bytes, 0);
  const layout = createLayout(Math.max(...fast.map((kernel) => kernel?.scratch ?? 0)), slots, rootOf);
  let exports: ModuleExports;
  const calls = bytes > mostBytes ? [] : fast.map((kernel) => kernel?.place(layout, () => exports));
  if (bytes > mostBytes || layout.bytes() > mostBytes) return plain;
  const instance = await instantiate(layout.bytes()).catch(() => undefined);
  if (instance === undefined) return plain;
  exports = instance.exports;
  const { memory } = instance;
  layout.write(new Uint8Array(memory));
  const view = (value: Value) => viewOf(value, memory, layout.addressOf(value), sizes);
  return {
    memory,
    steps: steps.map((step, index) => {
      const call = calls[index];
      const kernel = call ? calling(call, step, fast[index]!, view) : leaving(memory, step.kernel);
      return { ...step, kernel };
    }),
  };
}

function fastKernelOf({ node, kernel }: Step, context: KernelContext, sizes: Sizes): FastKernel | undefined {
  const values = [...node.inputs, ...node.outputs].filter((value) => value !== undefined);
  const types = new Map(values.map((value) => [value, bindType(value.type, sizes)]));
  const sized = [...types.values()].every(({ shape }) => isStatic(shape) && elementCount(shape) > 0);
  if (!sized || !node.outputs.some(({ type }) => type.quantization)) return undefined;
  const bound = { ...node, attributes: bindAttributes(node.attributes, sizes) };
  const typeOf = ((value) => types.get(value!)) as FastNode["typeOf"];
  return factories[node.op.name]?.({ node: bound, kernel, context, typeOf });
}

/** The value that was put where each one lies. */
function rootsOf(steps: readonly Step[], fast: readonly (FastKernel | undefined)[]): (value: Value) => Value {
  const roots = new Map<Value, Value>();
  const rootOf = (value: Value) => roots.get(value) ?? value;
  for (const [index, { node }] of steps.entries()) {
    const shared = fast[index]?.shares;
    if (shared) roots.set(node.outputs[0], rootOf(shared));
  }
  return rootOf;
}

/** A slot for everything that fast kernels read or write, from the first to the last step that touches it. */
function slotsOf(
  steps: readonly Step[],
  fast: readonly (FastKernel | undefined)[],
  kept: ReadonlySet<Value>,
  rootOf: (value: Value) => Value,
  sizes: Sizes,
): ReadonlyMap<Value, Slot> {
  const slots = new Map<Value, Slot>();
  for (const [index, { node }] of steps.entries()) {
    for (const value of fast[index] ? [...fast[index].reads, node.outputs[0]] : []) {
      const root = rootOf(value);
      if (root.constant !== undefined || slots.has(root)) continue;
      const bytes = elementCount(bindType(root.type, sizes).shape as readonly number[]);
      slots.set(root, { bytes, from: index, to: index });
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

function viewOf({ type }: Value, memory: ArrayBuffer, address: number, sizes: Sizes): Tensor {
  const shape = bindType(type, sizes).shape as readonly number[];
  const View = type.dtype === "u8" ? Uint8Array : Int8Array;
  return { dtype: type.dtype, shape, data: new View(memory, address, elementCount(shape)) };
}

/** A kernel of the module; inputs that are elsewhere are put into their places first. */
function calling(call: () => void, { node }: Step, { reads }: FastKernel, view: (value: Value) => Tensor): Kernel {
  const places = reads
    .filter(({ constant }) => constant === undefined)
    .map((value) => ({ index: node.inputs.indexOf(value), data: view(value).data as Uint8Array }));
  const results = [view(node.outputs[0])];
  return (inputs) => {
    for (const { index, data } of places) {
      const source = inputs[index]!.data as Uint8Array;
      if (source.buffer !== data.buffer) data.set(source);
    }
    call();
    return results;
  };
}

/** A reference kernel whose results are never views of the module's memory, where they would be overwritten. */
function leaving(memory: ArrayBuffer, kernel: Kernel): Kernel {
  return (...parameters) => kernel(...parameters).map((tensor) => apartFrom(memory, tensor));
}

/** The same tensor outside of the module's memory. */
export function apartFrom(memory: ArrayBuffer | undefined, tensor: Tensor): Tensor {
  if (tensor.data.buffer !== memory) return tensor;
  const data = allocate(tensor.dtype, tensor.data.length) as TensorData & Uint8Array;
  data.set(tensor.data as Uint8Array);
  return { ...tensor, data };
}
