import type { Diagnostic, DType, Graph, Node, Shape, Tensor, Value } from "@millrace/ir";
import {
  type EdgeArgument,
  type EdgeBackend,
  type EdgeBranch,
  type EdgeCall,
  type EdgeDelegation,
  type EdgeLoop,
  type EdgeStep,
  type EdgeTensor,
  scalarTypeOf,
} from "./edge-program.ts";
import { typeProblems, withKernelTypes } from "./element-types.ts";

const converting = "dim_order_ops._to_dim_order_copy.default";
const copying = "dim_order_ops._clone_dim_order.default";

/** Collects the steps of an Edge program. */
export class EdgeEmitter {
  readonly #backend: EdgeBackend;
  readonly #lower: EdgeLowering;
  #steps: EdgeStep[] = [];
  readonly #tensors = new Map<Value, EdgeTensor>();
  readonly #derived = new Map<Value, EdgeTensor>();
  readonly #names = new Map<string, number>();
  readonly #problems: Diagnostic[] = [];
  #node: Node | undefined;

  /** `backend` computes what is delegated; `lower` writes any node. */
  constructor(backend: EdgeBackend, lower: EdgeLowering) {
    this.#backend = backend;
    this.#lower = lower;
  }

  /** Calls whose kernels don't take the element types of their tensors. */
  get problems(): readonly Diagnostic[] {
    return this.#problems;
  }

  /** The steps that `write` adds, which are not added here. */
  collect(write: () => void): readonly EdgeStep[] {
    const [steps, node] = [this.#steps, this.#node];
    const within: EdgeStep[] = [];
    this.#steps = within;
    write();
    this.#steps = steps;
    this.#node = node;
    return within;
  }

  /** Adds the steps of a graph whose inputs are tensors that there are, and gives its outputs. */
  body(graph: Graph, inputs: readonly EdgeTensor[]): readonly EdgeTensor[] {
    const holder = this.#node;
    for (const [index, input] of graph.inputs.entries()) this.#tensors.set(input, inputs[index]);
    for (const node of graph.nodes()) {
      this.#node = node;
      this.#lower(
        node,
        this,
        node.outputs.map((output) => this.read(output)),
      );
    }
    this.#node = holder;
    return graph.outputs.map((output) => this.read(output));
  }

  /** The tensor of a value. */
  read(value: Value): EdgeTensor {
    const known = this.#tensors.get(value);
    if (known) return known;
    const { name, type, constant } = value;
    const tensor = constant ? this.constant(name, constant) : this.tensor(name, type.dtype, type.shape);
    this.#tensors.set(value, tensor);
    return tensor;
  }

  /** The tensor of an input that may be absent. */
  readOptional(value: Value | undefined): EdgeTensor | null {
    return value ? this.read(value) : null;
  }

  tensor(base: string, dtype: DType, shape: Shape): EdgeTensor {
    return { name: this.#unique(base), dtype, shape };
  }

  constant(base: string, tensor: Tensor): EdgeTensor {
    return { ...this.tensor(base, tensor.dtype, tensor.shape), constant: tensor };
  }

  /** The constant that `make` makes of a constant value, which it is asked for once. */
  derived(value: Value, make: (tensor: Tensor) => Tensor): EdgeTensor {
    const known = this.#derived.get(value);
    if (known) return known;
    const constant = this.constant(value.name, make(value.constant!));
    this.#derived.set(value, constant);
    return constant;
  }

  /** Adds a call whose results there are already, between conversions where its kernel does not take the element types. */
  call(
    operator: string,
    positional: readonly EdgeArgument[],
    results: readonly EdgeTensor[],
    keywords: EdgeCall["keywords"] = {},
  ): void {
    const given = { operator, positional, keywords, results, origin: this.#origin() };
    const { call, converted } = withKernelTypes(
      given,
      (tensor, dtype) => this.convert(tensor, this.#part(operator, dtype, tensor.shape)),
      ({ name, shape }, dtype) => this.tensor(name, dtype, shape),
    );
    const problems = typeProblems(call);
    if (problems.length > 0) this.#problems.push(this.#refusal(problems.join("; ")));
    this.#steps.push(call);
    for (const [made, wanted] of converted) this.convert(made, wanted);
  }

  /** Adds a call that makes `result` of a tensor, which may have another element type. */
  convert(tensor: EdgeTensor, result: EdgeTensor): EdgeTensor {
    const order = result.shape.map((_, axis) => axis);
    this.call(converting, [tensor], [result], { dtype: scalarTypeOf(result.dtype), dim_order: order });
    return result;
  }

  #refusal(problem: string): Diagnostic {
    const node = this.#node?.name ?? "";
    return {
      code: "executorch.element-type",
      severity: "error",
      message: `${node} (${this.#node?.op.name}) can't be written for ExecuTorch: ${problem}`,
      at: { node },
      hint: "convert the tensor to float32 or int32 before, in the model, or choose another target",
    };
  }

  /** Adds a call with one result that only other steps of the node read. */
  step(
    operator: string,
    positional: readonly EdgeArgument[],
    { dtype, shape }: Pick<EdgeTensor, "dtype" | "shape">,
    keywords: EdgeCall["keywords"] = {},
  ): EdgeTensor {
    const result = this.#part(operator, dtype, shape);
    this.call(operator, positional, [result], keywords);
    return result;
  }

  /** Adds a copy of a tensor, into `result` if that is given. */
  copy(tensor: EdgeTensor, result = this.#part(copying, tensor.dtype, tensor.shape)): EdgeTensor {
    this.call(copying, [tensor], [result], { dim_order: tensor.shape.map((_, axis) => axis) });
    return result;
  }

  delegate(part: Omit<EdgeDelegation, "backend" | "origin">): void {
    this.#steps.push({ ...part, backend: this.#backend, origin: this.#origin() });
  }

  branch(parts: Omit<EdgeBranch, "origin">): void {
    this.#steps.push({ ...parts, origin: this.#origin() });
  }

  loop(parts: Omit<EdgeLoop, "origin">): void {
    this.#steps.push({ ...parts, origin: this.#origin() });
  }

  #part(operator: string, dtype: DType, shape: Shape): EdgeTensor {
    return this.tensor(`${this.#node?.name}/${operator.split(".")[1]}`, dtype, shape);
  }

  #origin(): readonly string[] {
    const { origin = [], name = "" } = this.#node ?? {};
    return origin.length > 0 ? origin : [name];
  }

  #unique(base: string): string {
    const count = this.#names.get(base) ?? 0;
    this.#names.set(base, count + 1);
    return count === 0 ? base : this.#unique(`${base}_${count}`);
  }
}

/** Writes one node of the IR: adds calls, the last of which make the tensors of its outputs. */
export type EdgeLowering = (node: Node, emit: EdgeEmitter, outputs: readonly EdgeTensor[]) => void;

/** An operator that Edge programs can't have, and why. */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(why: string): Unsupported {
  return { unsupported: why };
}
