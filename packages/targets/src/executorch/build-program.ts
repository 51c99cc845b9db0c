import { outputsOf } from "@millrace/formats/aten";
import type {
  PtdEntry,
  PteDelegateDraft,
  PteInstructionDraft,
  PteMethodDraft,
  PteValueDraft,
} from "@millrace/formats/pte";
import { bytesOf, isStatic, largestSizes, type SizeBounds } from "@millrace/ir";
import { CalledKernels } from "./called-kernels.ts";
import {
  allSteps,
  type EdgeBranch,
  type EdgeCall,
  type EdgeDelegation,
  type EdgeLoop,
  type EdgeProgram,
  type EdgeStep,
  type EdgeTensor,
  isBranch,
  isDelegation,
  isLoop,
  isView,
  scalarTypeNames,
} from "./edge-program.ts";
import { dimOrderOf } from "./memory-order/memory-order.ts";
import { storedBytes } from "./memory-order/stored-bytes.ts";
import { integers, MethodValues } from "./method-values.ts";
import type { TensorPlan } from "./plan-tensors.ts";
import { argumentsOf, kernelOf } from "./schema-arguments.ts";
import { SizeValues } from "./size-values.ts";

/** The one method of a program and the data that belong to it. */
export interface BuiltProgram {
  readonly method: PteMethodDraft;
  /** The first is empty: it stands for no data. */
  readonly constants: readonly Uint8Array[];
  /** What states hold in the first run. The first is empty too. */
  readonly initial: readonly Uint8Array[];
  /** Parameters that are looked up by name in another file; none unless asked for. */
  readonly external: readonly PtdEntry[];
  /** Names of the called kernels with their overloads, one for each call. */
  readonly operatorNames: readonly string[];
}

/**
 * Makes a method of an Edge program: every call in its variant that writes to given memory, parameters as constants or, with
 * `isExternal`, by name, states as tensors with initial data that are no inputs, everything where the plan has put it, with room for the largest of open sizes.
 */
export function buildProgram(program: EdgeProgram, plan: TensorPlan, isExternal: boolean): BuiltProgram {
  const builder = new ProgramBuilder(program, plan, isExternal);
  builder.computeSizes(program.steps);
  builder.add(program.steps);
  return builder.finish(program);
}

class ProgramBuilder {
  readonly #plan: TensorPlan;
  readonly #isExternal: boolean;
  readonly #bounds: SizeBounds;
  readonly #kernels = new CalledKernels();
  readonly #sizes: SizeValues;
  readonly #values = new MethodValues(
    (tensor) => this.#store(tensor),
    (size) => this.#sizes.of(size),
  );
  readonly #constants: Uint8Array[] = [new Uint8Array(0)];
  readonly #initial: Uint8Array[] = [new Uint8Array(0)];
  /** Where the initial contents of states stand. */
  readonly #states: ReadonlyMap<EdgeTensor, number>;
  /** Where parameters stand, by their data and the order of axes. */
  readonly #places = new Map<unknown, Map<string, number>>();
  readonly #external: PtdEntry[] = [];
  readonly #delegates: PteDelegateDraft[] = [];
  readonly #instructions: PteInstructionDraft[] = [];

  constructor({ inputs, states, bounds }: EdgeProgram, plan: TensorPlan, isExternal: boolean) {
    this.#bounds = bounds;
    this.#states = new Map(states.map(({ buffer, initial }) => [buffer, this.#initial.push(bytesOf(initial)) - 1]));
    this.#plan = plan;
    this.#isExternal = isExternal;
    this.#sizes = new SizeValues(inputs, this.#values, this.#kernels);
  }

  /** Adds what computes all open sizes that calls take as numbers, also those in branches, which may not be done. */
  computeSizes(steps: readonly EdgeStep[]): void {
    const calls = [...allSteps(steps)].filter((step) => "operator" in step);
    const numbers = calls.flatMap(argumentsOf).filter(([{ type }]) => integers.has(type.base));
    for (const size of numbers.flatMap(([, argument]) => argument)) if (typeof size === "string") this.#sizes.of(size);
    this.#instructions.push(...this.#sizes.instructions);
  }

  add(steps: readonly EdgeStep[]): void {
    for (const step of steps) {
      if (isBranch(step)) this.#branch(step);
      else if (isLoop(step)) this.#loop(step);
      else if (!isView(step))
        this.#instructions.push(isDelegation(step) ? this.#delegateCall(step) : this.#kernelCall(step));
    }
  }

  finish({ inputs, outputs }: EdgeProgram): BuiltProgram {
    const [given, made] = [inputs, outputs].map((tensors) => tensors.map((tensor) => this.#values.tensor(tensor)));
    const method: PteMethodDraft = {
      name: "forward",
      containerMetaType: { encodedInpStr: argumentTree(inputs.length), encodedOutStr: resultTree(outputs.length) },
      values: this.#values.values,
      inputs: given,
      outputs: made,
      chains: [{ instructions: this.#instructions }],
      operators: this.#kernels.operators(),
      delegates: this.#delegates,
      nonConstBufferSizes: [0n, BigInt(this.#plan.plan.arenaBytes)],
    };
    const [constants, initial, external] = [this.#constants, this.#initial, this.#external];
    return {
      method,
      constants,
      initial,
      external,
      operatorNames: [...this.#kernels.calls, ...this.#delegates.map(({ id }) => `${id}`)],
    };
  }

  #branch({ condition, whenTrue, whenFalse }: EdgeBranch): void {
    const toOther = this.#jumpUnless(this.#values.tensor(condition));
    this.add(whenTrue);
    const toEnd = this.#jump();
    toOther(this.#instructions.length);
    this.add(whenFalse);
    toEnd(this.#instructions.length);
  }

  #loop({ condition, goesOn, body }: EdgeLoop): void {
    const start = this.#instructions.length;
    this.add(condition);
    const toEnd = this.#jumpUnless(this.#values.tensor(goesOn));
    this.add(body);
    this.#jump()(start);
    toEnd(this.#instructions.length);
  }

  /** Adds a jump; what it gives is told where to. */
  #jumpUnless(condValueIndex: number): (destination: number) => void {
    const at = this.#instructions.length;
    const jumpTo = (destinationInstruction: number) => {
      this.#instructions[at] = { kind: "JumpFalseCall", condValueIndex, destinationInstruction };
    };
    jumpTo(at + 1);
    return jumpTo;
  }

  /** A jump in any case. */
  #jump(): (destination: number) => void {
    return this.#jumpUnless(this.#values.argument(false, { base: "bool", optional: false }));
  }

  /** All arguments in the schema's order, then the outputs once more, which are what it returns. */
  #kernelCall(call: EdgeCall): PteInstructionDraft {
    const kernel = kernelOf(call);
    const outputs = outputsOf(kernel);
    const isList = outputs[0].type.list !== undefined;
    const given = new Map(argumentsOf(call).map(([{ name }, argument]) => [name, argument]));
    const results = isList
      ? [this.#values.tensors(call.results)]
      : call.results.map((tensor) => this.#values.tensor(tensor));
    const operands = kernel.arguments
      .filter((argument) => !outputs.includes(argument))
      .map(({ name, type }) => this.#values.argument(given.get(name)!, type));
    const returned = results.length === 1 ? results : [this.#values.tensors(call.results)];
    const opIndex = this.#kernels.call(`${kernel.name}.${kernel.overload}`);
    return { kind: "KernelCall", opIndex, args: [...operands, ...results, ...returned] };
  }

  #delegateCall({ backend, processed, inputs, results }: EdgeDelegation): PteInstructionDraft {
    const { id, compileSpecs: asked = [] } = backend;
    const compileSpecs = asked.map(({ key, value }) => ({ key, value: new TextEncoder().encode(value) }));
    const delegateIndex = this.#delegates.push({ id, processed, compileSpecs }) - 1;
    return {
      kind: "DelegateCall",
      delegateIndex,
      args: [...inputs, ...results].map((tensor) => this.#values.tensor(tensor)),
    };
  }

  #store(tensor: EdgeTensor): PteValueDraft {
    const { dtype, shape } = tensor;
    const type = {
      kind: "Tensor",
      scalarType: scalarTypeNames[dtype as keyof typeof scalarTypeNames],
      sizes: largestSizes(shape, this.#bounds),
      dimOrder: dimOrderOf(tensor),
      ...(!isStatic(shape) && { shapeDynamism: "DYNAMIC_BOUND" as const }),
    } as const;
    if (!tensor.constant) {
      const offset = this.#plan.offsets.get(tensor)!;
      const place = { memoryOffsetLow: offset % 2 ** 32, memoryOffsetHigh: Math.floor(offset / 2 ** 32) };
      const dataBufferIdx = this.#states.get(tensor) ?? 0;
      return { ...type, dataBufferIdx, allocationInfo: { memoryId: 1, ...place } };
    }
    if (!this.#isExternal) return { ...type, dataBufferIdx: this.#constant(tensor) };
    const { scalarType, sizes, dimOrder } = type;
    this.#external.push({ key: tensor.name, layout: { scalarType, sizes, dimOrder }, data: storedBytes(tensor) });
    return { ...type, extraTensorInfo: { fullyQualifiedName: tensor.name, location: "EXTERNAL" } };
  }

  /** Where a parameter's data stand; the same data once. */
  #constant(tensor: EdgeTensor): number {
    const { data } = tensor.constant!;
    const places = this.#places.get(data) ?? new Map<string, number>();
    const order = String(tensor.dimOrder);
    const place = places.get(order) ?? this.#constants.push(storedBytes(tensor)) - 1;
    places.set(order, place);
    this.#places.set(data, places);
    return place;
  }
}

/** Positional arguments and no others, in PyTorch's notation of nested containers. */
function argumentTree(count: number): string {
  return `T2#${count}#0(${tupleOf(count)},D0())`;
}

function resultTree(count: number): string {
  return count === 1 ? "$" : tupleOf(count);
}

function tupleOf(count: number): string {
  const leaves = new Array<string>(count);
  return `T${count}${leaves.fill("#1").join("")}(${leaves.fill("$").join(",")})`;
}
