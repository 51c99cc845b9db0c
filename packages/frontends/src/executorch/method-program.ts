import { functionalOf, outputsOf, type SchemaType, schemaOf } from "@millrace/formats/aten";
import type { Argument, InputSpec, Node, Pt2Model, ScalarType, StoredTensor, TensorMeta } from "@millrace/formats/pt2";
import type { PteInstruction, PteMethod, PteProgram, PteTensor } from "@millrace/formats/pte";
import { elementCount, fail } from "@millrace/ir";
import { tensorNames } from "../torch/scope.ts";
import { branchNode, graphOf, loopNode, type NamedTypes, noMetadata, tensorArgument } from "./flow-nodes.ts";
import { clearedBuffers, KeptBuffers, writeBack } from "./kept-buffers.ts";
import { MadeTensors, type Part } from "./made-tensors.ts";
import { MemoryPlaces, MemoryViews, type OrderedTensor, stridesIn } from "./memory-views.ts";
import { elementTypes, MethodArguments, namesOf } from "./method-arguments.ts";
import { OpenSizes } from "./open-sizes.ts";
import { type Branch, type Loop, refuseFlow, type Step, structuredSteps } from "./structured-steps.ts";
import { clearedContents, TensorContents } from "./tensor-contents.ts";

/** What a node that a back end computes is called. */
export const delegateCall = "torch.ops.higher_order.executorch_call_delegate";

type Tensor = PteTensor & { readonly kind: "Tensor" };

/**
 * A method as the exported program it came from: calls of kernels that write to given memory are calls of functional operators again, and
 * tensors have names by their places. Throws `executorch.control-flow`, `.unknown-kernel`, `.external-weights` or `.bad-constant`.
 */
export function methodProgram(program: PteProgram, method: PteMethod, name: string): Pt2Model {
  return new MethodReader(program, method).read(name);
}

const device = { type: "cpu" };

class MethodReader {
  readonly #contents: TensorContents;
  readonly #method: PteMethod;
  readonly #arguments: MethodArguments;
  readonly #sizes: OpenSizes;
  readonly #types: NamedTypes;
  readonly #names: ReadonlyMap<number, string>;
  readonly #tensors = new Map<string, TensorMeta>();
  readonly #stored = new Map<string, StoredTensor>();
  readonly #specs: InputSpec[] = [];
  /** Tensors that have contents by now. */
  readonly #made = new MadeTensors();
  readonly #places = new MemoryPlaces();
  readonly #views = new MemoryViews(this.#tensors);
  readonly #buffers = new KeptBuffers(this.#tensors);
  /** Buffers that the file has no contents of. */
  readonly #cleared: ReadonlySet<number>;

  constructor(program: PteProgram, method: PteMethod) {
    this.#contents = new TensorContents(program);
    this.#method = method;
    this.#names = namesOf(method);
    this.#cleared = clearedBuffers(method);
    this.#sizes = new OpenSizes(program, method);
    this.#types = { tensors: this.#tensors, sizes: this.#sizes.values };
    this.#arguments = new MethodArguments(method, (index) => this.#nameOf(index), this.#sizes);
  }

  read(name: string): Pt2Model {
    const { values, inputs, outputs, chains } = this.#method;
    for (const index of inputs) {
      this.#write(index);
      this.#specs.push({ kind: "userInput", value: this.#arguments.argument(index, anything) });
    }
    for (const [index, value] of values.entries()) if (value.kind === "Tensor") this.#declare(index, value);
    const steps = chains.flatMap(({ instructions }) => this.#nodesOf(structuredSteps(instructions, this.#isFalse)));
    const nodes = [...steps, ...outputs.flatMap((index) => this.#viewed(index))];
    const results = outputs.map((index) => this.#arguments.argument(index, anything));
    return {
      name,
      stateDict: new Map(),
      constants: this.#stored,
      customObjects: new Map(),
      sampleInputs: () => undefined,
      program: {
        schemaVersion: { major: 0, minor: 0 },
        torchVersion: "",
        verifiers: ["EDGE"],
        opsetVersions: new Map(),
        rangeConstraints: this.#sizes.ranges,
        guards: [],
        moduleCalls: [],
        signature: { inputs: this.#specs, outputs: results.map((value) => ({ kind: "userOutput", value }) as const) },
        graph: graphOf(
          this.#specs.map(({ value }) => (typeof value === "string" ? tensorArgument(value) : (value as Argument))),
          results,
          nodes,
          this.#types,
        ),
      },
    };
  }

  #declare(index: number, tensor: Tensor): void {
    const name = this.#nameOf(index);
    const { sizes } = tensor;
    const scalarType = (elementTypes[tensor.scalarType] ?? "unknown") as ScalarType;
    const view = { sizes, strides: stridesIn(tensor), storageOffset: 0, requiresGrad: false };
    const type = { ...view, sizes: this.#sizes.sizesOf(index, tensor), scalarType };
    this.#tensors.set(name, { ...type, layout: "strided", device });
    if (this.#made.has(name)) return;
    const given = this.#contents.of(tensor, index, name);
    const contents = given ?? (this.#cleared.has(index) ? clearedContents(tensor, index, name) : undefined);
    if (contents === undefined) return;
    this.#made.add(name);
    this.#stored.set(name, contents);
    const named = { value: name, target: name };
    if (!tensor.allocationInfo) this.#specs.push({ kind: "tensorConstant", ...named });
    else {
      this.#buffers.add(name);
      this.#places.write(index, tensor);
      this.#specs.push({ kind: "buffer", ...named, persistent: false });
    }
  }

  #nodesOf(steps: readonly Step[]): readonly Node[] {
    return steps.flatMap((step) => {
      if (step.kind === "FreeCall" || this.#isSize(step)) return [];
      return this.#nodesOfStep(step).flatMap((node) => this.#buffers.through(node));
    });
  }

  #isSize(step: Step): boolean {
    if (step.kind !== "KernelCall") return false;
    const { name, overload } = this.#method.operators[step.opIndex];
    return this.#sizes.computes(`${name}.${overload}`, step.args);
  }

  #nodesOfStep(step: Exclude<Step, { kind: "FreeCall" }>): readonly Node[] {
    switch (step.kind) {
      case "KernelCall":
        return this.#kernelCall(step);
      case "DelegateCall":
        return this.#delegateCall(step);
      case "MoveCall":
        return this.#move(step);
      case "Branch":
        return [this.#branch(step)];
      case "Loop":
        return [this.#loop(step)];
    }
  }

  #move({ moveFrom, moveTo }: Extract<PteInstruction, { kind: "MoveCall" }>): readonly Node[] {
    const views = this.#viewed(moveFrom);
    const [source, result] = [moveFrom, moveTo].map((index) => tensorArgument(this.#tensorOf(index)));
    const inputs = [{ name: "self", value: source }];
    const target = "torch.ops.dim_order_ops._clone_dim_order.default";
    this.#write(moveTo);
    return [...views, { target, inputs, outputs: [result], metadata: noMetadata }];
  }

  #branch({ condition, whenTrue, whenFalse }: Branch): Node {
    const name = this.#conditionOf(condition);
    const parts = [this.#part(whenTrue), this.#part(whenFalse)] as const;
    return this.#written(branchNode(name, parts, this.#made, this.#types));
  }

  #loop({ head, condition, body }: Loop): Node {
    const name = this.#conditionOf(condition);
    return this.#written(loopNode(name, this.#part(head), this.#part(body), this.#made, this.#types));
  }

  #part(steps: readonly Step[]): Part {
    const part = this.#made.part(() => this.#nodesOf(steps));
    const [buffer] = part.nodes.flatMap((node) => this.#buffers.copiedTo(node));
    if (buffer !== undefined) refuseFlow(`a part of it writes to ${buffer}, which is kept from run to run`);
    return part;
  }

  /** A node whose results have contents from here on. */
  #written(node: Node): Node {
    for (const name of node.outputs.flatMap(tensorNames)) if (name !== undefined) this.#made.add(name);
    return node;
  }

  #conditionOf(index: number): string {
    const value = this.#method.values[index];
    const isCondition = value.kind === "Tensor" && value.scalarType === "BOOL" && elementCount(value.sizes) === 1;
    return isCondition ? this.#tensorOf(index) : refuseFlow(`value ${index} decides and is not one truth value`);
  }

  #tensorOf(index: number): string {
    if (this.#method.values[index].kind !== "Tensor") refuseFlow(`value ${index} is no tensor`);
    return this.#nameOf(index);
  }

  #isFalse = (index: number): boolean => {
    const value = this.#method.values[index];
    return value.kind === "Bool" && !value.boolVal;
  };

  /** Its arguments by name without the tensors that are written, which are its results. */
  #kernelCall({ opIndex, args }: Extract<PteInstruction, { kind: "KernelCall" }>): readonly Node[] {
    const { name = "", overload = "" } = this.#method.operators[opIndex];
    if (name === writeBack && args.length > 1 && this.#buffers.has(this.#nameOf(args[0]))) return this.#writeBack(args);
    const kernel = schemaOf(name, overload);
    const functional = kernel && functionalOf(kernel);
    if (kernel === undefined || functional === undefined || args.length < kernel.arguments.length)
      return fail(
        "executorch.unknown-kernel",
        `${name}.${overload} is no kernel of the portable or quantized libraries`,
        {
          hint: "use the model that the program was made from",
        },
      );
    const written = new Set(outputsOf(kernel));
    const given = kernel.arguments.map((argument, at) => {
      const value = this.#arguments.argument(args[at], argument.type);
      return { name: argument.name, value, isResult: written.has(argument), index: args[at] };
    });
    const inputs = given.filter(({ isResult }) => !isResult).map(({ name, value }) => ({ name, value }));
    const results = given.filter(({ isResult }) => isResult);
    const views = given.flatMap(({ isResult, index }) => (isResult ? [] : this.#viewed(index)));
    const isTyped =
      inputs.every(({ name }) => name !== "dtype") && functional.arguments.some(({ name }) => name === "dtype");
    if (isTyped) inputs.push({ name: "dtype", value: this.#typeOf(results[0].index) });
    for (const { index } of results) this.#write(index);
    const target = `torch.ops.${functional.name.replace("::", ".")}.${functional.overload || "default"}`;
    return [...views, { target, inputs, outputs: results.map(({ value }) => value), metadata: noMetadata }];
  }

  #writeBack([buffer, source]: readonly number[]): readonly Node[] {
    const [self, src] = [buffer, source].map((index) => tensorArgument(this.#tensorOf(index)));
    const inputs = Object.entries({ self, src }).map(([name, value]) => ({ name, value }));
    const node = { target: "torch.ops.aten.copy.default", inputs, outputs: [self], metadata: noMetadata };
    return [...this.#viewed(source), node];
  }

  /**
   * Its inputs behind the number of the delegate; what the method's other steps read before it are inputs, the rest it writes. Delegates know bytes only,
   * so they take and give tensors with their axes as they stand in memory.
   */
  #delegateCall({ delegateIndex, args }: Extract<PteInstruction, { kind: "DelegateCall" }>): readonly Node[] {
    const tensors = args.filter((index) => this.#method.values[index].kind === "Tensor");
    const isMade = new Set(tensors.filter((index) => this.#made.has(this.#nameOf(index))));
    const ordered = (index: number) =>
      [this.#ordered(index), `${this.#nameOf(index)}_stored_${delegateIndex}`] as const;
    const read = tensors.filter((index) => isMade.has(index)).map((index) => this.#views.stored(...ordered(index)));
    const results = tensors.filter((index) => !isMade.has(index));
    const given = results.map((index) => this.#views.unstored(...ordered(index)));
    for (const index of results) this.#write(index);
    const delegate = { name: "delegate", value: { kind: "int", value: delegateIndex } } as const;
    const call = {
      target: delegateCall,
      inputs: [delegate, ...read.map(({ name }) => ({ name: "", value: tensorArgument(name) }))],
      outputs: given.map(({ name }) => tensorArgument(name)),
      metadata: noMetadata,
    };
    return [...read.flatMap(({ nodes }) => nodes), call, ...given.flatMap(({ nodes }) => nodes)];
  }

  /** Nodes that make tensors that no step writes of others with the same bytes. */
  #viewed(index: number): readonly Node[] {
    const value = this.#method.values[index];
    if (value === undefined) return [];
    if (value.kind === "TensorList" || value.kind === "OptionalTensorList")
      return value.items.flatMap((item) => this.#viewed(item));
    const holder = value.kind === "Tensor" ? this.#places.holderOf(value) : undefined;
    if (holder === undefined || this.#made.has(this.#nameOf(index)) || !this.#made.has(this.#nameOf(holder))) return [];
    this.#made.add(this.#nameOf(index));
    return this.#views.between(this.#ordered(holder), this.#ordered(index));
  }

  #ordered(index: number): OrderedTensor {
    const { sizes, dimOrder } = this.#method.values[index] as Tensor;
    return { name: this.#nameOf(index), sizes, dimOrder };
  }

  /** The element type of a tensor: kernels that make one of a given type take it from there. */
  #typeOf(index: number): Argument {
    const { scalarType = "unknown" } = this.#tensors.get(this.#nameOf(index)) ?? {};
    return { kind: "scalarType", value: scalarType };
  }

  #nameOf(index: number): string {
    return this.#names.get(index) ?? `t${index}`;
  }

  /** Notes that a tensor, or those of a list, have contents now. */
  #write(index: number): void {
    const value = this.#method.values[index];
    for (const item of value.kind === "TensorList" ? value.items : [index]) {
      const tensor = this.#method.values[item];
      this.#made.add(this.#nameOf(item));
      if (tensor.kind === "Tensor") this.#places.write(item, tensor);
    }
  }
}

const anything: SchemaType = { base: "Tensor", optional: true };
