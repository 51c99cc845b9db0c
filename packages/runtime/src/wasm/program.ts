import {
  allocate,
  elementCount,
  isStatic,
  storageBytes,
  type Tensor,
  type TensorData,
  type Value,
  viewBytes,
} from "@millrace/ir";
import { bindAttributes, bindType } from "../binding.ts";
import type { Kernel, KernelContext } from "../kernels/kernel.ts";
import type { ControlStep, KernelStep, Routine, Step } from "../plan.ts";
import { computeStep } from "../steps.ts";
import { commandBytes, encodeCommands } from "./commands.ts";
import type { FastKernel, FastKernelFactory, FastNode } from "./kernel.ts";
import { createLayout, type Layout } from "./layout.ts";
import { instantiate, type ModuleExports } from "./module.ts";
import { rootsOf, slotsOf } from "./slots.ts";
import { putInPlace, type Stage, stagesOf } from "./stages.ts";
import { fastKernels } from "./table.ts";

type Sizes = ReadonlyMap<string, number>;

/** Steps for feeds of certain sizes. */
export interface Program {
  readonly steps: readonly Step[];
  /** What the module computes some of them in: the memory that results may be views of, and, unless bodies are run or data decides sizes, stages that are faster than the steps. */
  readonly fast?: { readonly memory: ArrayBuffer; readonly stages?: readonly Stage[] };
}

type FastKernels = readonly (FastKernel | undefined)[];

/** More memory than this is not asked for. */
const mostBytes = 2 ** 30;

const factories = fastKernels as Readonly<Record<string, FastKernelFactory | undefined>>;

/**
 * Steps in which the module computes what it can, in memory laid out once, and the reference kernels the rest. Where memory does
 * not suffice, the steps stay as they are.
 */
export async function assemble(
  planned: readonly Step[],
  kept: ReadonlySet<Value>,
  context: KernelContext,
  sizes: Sizes,
): Promise<Program> {
  const steps: Step[] = [];
  for (const step of planned) steps.push(step.bodies ? await assembleBodies(step, context, sizes) : step);
  const fast = steps.map((step) => fastKernelOf(step, context, sizes));
  if (fast.every((kernel) => kernel === undefined)) return { steps };
  const rootOf = rootsOf(steps, fast);
  const slots = slotsOf(steps, fast, kept, rootOf, sizes);
  const bytes = [...slots.values()].reduce((sum, slot) => sum + slot.bytes, 0);
  if (bytes > mostBytes) return { steps };
  const layout = createLayout(Math.max(...fast.map((kernel) => kernel?.scratch ?? 0)), slots, rootOf);
  const list = placeCommands(layout, fast);
  if (layout.bytes() > mostBytes) return { steps };
  const instance = await instantiate(layout.bytes()).catch(() => undefined);
  if (instance === undefined) return { steps };
  const { memory, exports } = instance;
  layout.write(new Uint8Array(memory));
  const run = (first: number, end: number) => runCommands(exports, list, first, end);
  const view = (value: Value) => viewOf(value, memory, layout.addressOf(value), sizes);
  const own = steps.map((step, index): Step => {
    if (step.bodies) return entering(memory, step);
    const kernel = fast[index];
    const calling = kernel && callingKernel(() => run(index, index + 1), step, kernel, view);
    return { ...step, kernel: calling ?? leavingKernel(memory, step.kernel) };
  });
  const compute = (step: KernelStep, tensors: Map<Value, Tensor>) => computeStep(step, tensors, sizes);
  const plain = own.filter((step): step is KernelStep => step.bodies === undefined && isSized(step, sizes));
  const stages =
    plain.length === own.length ? stagesOf({ steps: plain, fast, kept, run, view, computeStep: compute }) : undefined;
  return { steps: own, fast: { memory, ...(stages && { stages }) } };
}

/** Whether the sizes of a step's results are known before it runs. */
function isSized({ node }: Step, sizes: Sizes): boolean {
  return node.outputs.every(({ type }) => isStatic(bindType(type, sizes).shape));
}

/** The same step with bodies that the module computes, each in memory of its own. */
async function assembleBodies(step: ControlStep, context: KernelContext, sizes: Sizes): Promise<ControlStep> {
  const programs = new Map<string, Program>();
  const bodies = new Map<string, Routine>();
  for (const [name, { graph, steps }] of step.bodies) {
    const program = await assemble(steps, new Set(graph.outputs), context, sizes);
    programs.set(name, program);
    bodies.set(name, { graph, steps: program.steps });
  }
  const control: ControlStep["control"] = (inputs, run, attributes) =>
    step.control(
      inputs,
      async (name, values) => apartFromAll(programs.get(name)?.fast?.memory, await run(name, values)),
      attributes,
    );
  return { ...step, bodies, control };
}

function fastKernelOf(step: Step, context: KernelContext, sizes: Sizes): FastKernel | undefined {
  if (step.bodies) return undefined;
  const { node, kernel } = step;
  const values = [...node.inputs, ...node.outputs].filter((value) => value !== undefined);
  const types = new Map(values.map((value) => [value, bindType(value.type, sizes)]));
  const sized = [...types.values()].every(({ shape }) => isStatic(shape) && elementCount(shape) > 0);
  if (!sized || !values.some(({ type }) => type.quantization)) return undefined;
  const bound = { ...node, attributes: bindAttributes(node.attributes, sizes) };
  const typeOf = ((value) => types.get(value!)) as FastNode["typeOf"];
  return factories[node.op.name]?.({ node: bound, kernel, context, typeOf });
}

/** Commands in memory, and for each step the number of those before its own. */
interface CommandList {
  readonly address: number;
  readonly before: readonly number[];
}

function placeCommands(layout: Layout, fast: FastKernels): CommandList {
  const commands = fast.map((kernel) => kernel?.place(layout) ?? []);
  const before = [0];
  for (const own of commands) before.push(before[before.length - 1] + own.length);
  const address = layout.constant(encodeCommands(commands.flat()));
  return { address, before };
}

function runCommands(exports: ModuleExports, { address, before }: CommandList, first: number, end: number): void {
  const count = before[end] - before[first];
  if (count > 0) exports.run(address + commandBytes * before[first], count);
}

function viewOf({ type }: Value, memory: ArrayBuffer, address: number, sizes: Sizes): Tensor {
  const shape = bindType(type, sizes).shape as readonly number[];
  return viewBytes(type.dtype, shape, new Uint8Array(memory, address, elementCount(shape) * storageBytes(type.dtype)));
}

/** A kernel of the module; inputs that are elsewhere are put into their places first. */
function callingKernel(
  call: () => void,
  { node }: KernelStep,
  { reads }: FastKernel,
  view: (value: Value) => Tensor,
): Kernel {
  const places = reads
    .filter(({ constant }) => constant === undefined)
    .map((value) => ({ index: node.inputs.indexOf(value), place: view(value) }));
  const results = node.outputs.map(view);
  return (inputs) => {
    for (const { index, place } of places) putInPlace(inputs[index]!, place);
    call();
    return results;
  };
}

/** A reference kernel whose results are never views of the module's memory, where they would be overwritten. */
function leavingKernel(memory: ArrayBuffer, kernel: Kernel): Kernel {
  return (...parameters) => kernel(...parameters).map((tensor) => apartFrom(memory, tensor));
}

/** A step whose bodies never read or give views of the module's memory. */
function entering(memory: ArrayBuffer, step: ControlStep): ControlStep {
  return { ...step, control: (inputs, run, attributes) => step.control(apartFromAll(memory, inputs), run, attributes) };
}

function apartFromAll(memory: ArrayBuffer | undefined, tensors: readonly Tensor[]): readonly Tensor[] {
  return tensors.map((tensor) => apartFrom(memory, tensor));
}

/** The same tensor outside of the module's memory. */
export function apartFrom(memory: ArrayBuffer | undefined, tensor: Tensor): Tensor {
  if (tensor.data.buffer !== memory) return tensor;
  const data = allocate(tensor.dtype, tensor.data.length) as TensorData & Uint8Array;
  data.set(tensor.data as Uint8Array);
  return { ...tensor, data };
}
