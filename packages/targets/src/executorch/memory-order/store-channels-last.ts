import { permute } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import {
  type EdgeArgument,
  type EdgeCall,
  type EdgeProgram,
  type EdgeStep,
  type EdgeTensor,
  isBranch,
  isCall,
  isDelegation,
  isLoop,
  isTensor,
  isView,
  tensorsRead,
} from "../edge-program.ts";
import { isByOutermost, isImage } from "./flexible-calls.ts";
import { channelsLast, dimOrderOf, isSameOrder } from "./memory-order.ts";
import { keepsBytes, type Permutation, permutationOf } from "./permutations.ts";
import { channelsLastCalls } from "./regions.ts";

/**
 * Stores images with their channels innermost, sizes and meaning unchanged, where layers stand between channel-last data: permutations there
 * become views of the same bytes; a delegate is given the tensor that has the bytes itself. Inputs and outputs stay as they are, and so does a program with branches or loops.
 */
export function storeChannelsLast(program: EdgeProgram): EdgeProgram {
  if (program.steps.some((step) => isBranch(step) || isLoop(step))) return program;
  const calls = channelsLastCalls(program);
  return calls.size === 0 ? program : new Storing(program, calls).finish();
}

/** Makes the steps of a program again, some of whose images have channels innermost. */
class Storing {
  readonly #program: EdgeProgram;
  readonly #calls: ReadonlySet<EdgeStep>;
  readonly #steps: EdgeStep[] = [];
  /** What holds a tensor's elements, in both orders. */
  readonly #plain = new Map<EdgeTensor, EdgeTensor>();
  readonly #last = new Map<EdgeTensor, EdgeTensor>();
  readonly #permutations = new Map<EdgeTensor, Permutation>();
  /** The tensor that a view shows the bytes of. */
  readonly #sources = new Map<EdgeTensor, EdgeTensor>();
  readonly #outputs: ReadonlySet<EdgeTensor>;

  constructor(program: EdgeProgram, calls: ReadonlySet<EdgeStep>) {
    this.#program = program;
    this.#calls = calls;
    this.#outputs = new Set(program.outputs);
  }

  finish(): EdgeProgram {
    const { steps, inputs, outputs } = this.#program;
    for (const input of inputs) this.#plain.set(input, input);
    for (const step of steps) this.#add(step);
    const [last] = this.#steps.slice(-1);
    for (const output of outputs) this.#inOrder(output, last.origin);
    const read = new Set([...outputs, ...this.#steps.filter((step) => !isView(step)).flatMap(tensorsRead)]);
    return { ...this.#program, steps: this.#steps.filter((step) => !isView(step) || read.has(step.results[0])) };
  }

  #add(step: EdgeStep): void {
    const permutation = permutationOf(step);
    if (permutation && isImage(permutation.result)) {
      this.#permutations.set(permutation.result, permutation);
      return;
    }
    const isLast = this.#calls.has(step);
    if (isLast && isCall(step) && isByOutermost(step)) {
      this.#dequantize(step);
      return;
    }
    const read = (tensor: EdgeTensor) =>
      isLast && isImage(tensor) ? this.#channelsLast(tensor, step.origin) : this.#inOrder(tensor, step.origin);
    const stored = (tensor: EdgeTensor) => {
      const given = read(tensor);
      return this.#sources.get(given) ?? given;
    };
    const given = withInputs(step, isDelegation(step) ? stored : read);
    if (isLast) {
      const results = step.results.map((result) => this.#lastOf(result));
      this.#steps.push({ ...(given as EdgeCall), results });
      return;
    }
    for (const result of step.results) this.#plain.set(result, result);
    this.#steps.push(given);
  }

  /** Has channels innermost as axes that are the last, and the images of the call as views. */
  #dequantize(call: EdgeCall): void {
    const [source, ...others] = call.positional as readonly [EdgeTensor, ...EdgeArgument[]];
    const [stored, result] = [source, call.results[0]].map(withChannelsLast);
    this.#steps.push({ ...call, positional: [stored, ...others], results: [result] });
    this.#view(result, this.#lastOf(call.results[0]), call.origin);
  }

  /** The tensor with its axes in their own order, which is made if it is not there. */
  #inOrder(tensor: EdgeTensor, origin: readonly string[]): EdgeTensor {
    if (tensor.constant) return tensor;
    const known = this.#plain.get(tensor);
    if (known) return known;
    this.#plain.set(tensor, tensor);
    const permutation = this.#permutations.get(tensor);
    const last = this.#last.get(permutation ? permutation.source : tensor);
    const isSame = permutation
      ? last && keepsBytes(permutation, last, dimOrderOf(tensor))
      : isSameOrder(tensor.shape, channelsLast, dimOrderOf(tensor));
    const hasOwnBytes = !this.#outputs.has(tensor) || (last && !this.#sources.has(last));
    if (last && isSame && hasOwnBytes) this.#view(last, tensor, origin);
    else if (permutation) this.#permute(permutation);
    else this.#convert(last!, tensor, origin);
    return tensor;
  }

  /** The tensor with its channels innermost, which is made if it is not there. */
  #channelsLast(tensor: EdgeTensor, origin: readonly string[]): EdgeTensor {
    const known = this.#last.get(tensor);
    if (known) return known;
    const last = this.#lastOf(tensor);
    if (tensor.constant) return last;
    const permutation = this.#permutations.get(tensor);
    if (permutation && keepsBytes(permutation, permutation.source, channelsLast)) {
      this.#view(this.#inOrder(permutation.source, origin), last, origin);
      return last;
    }
    const plain = this.#inOrder(tensor, origin);
    if (isSameOrder(tensor.shape, dimOrderOf(tensor), channelsLast)) this.#view(plain, last, origin);
    else this.#convert(plain, last, origin);
    return last;
  }

  #lastOf(tensor: EdgeTensor): EdgeTensor {
    const last = { ...tensor, name: `${tensor.name}/channels_last`, dimOrder: channelsLast };
    this.#last.set(tensor, last);
    return last;
  }

  #view(source: EdgeTensor, result: EdgeTensor, origin: readonly string[]): void {
    const own = this.#sources.get(source) ?? source;
    this.#sources.set(result, own);
    this.#steps.push({ source: own, results: [result], origin });
  }

  #permute({ call, source, axes }: Permutation): void {
    this.#steps.push({ ...call, positional: [this.#inOrder(source, call.origin), axes] });
  }

  #convert(source: EdgeTensor, result: EdgeTensor, origin: readonly string[]): void {
    const keywords = { dim_order: dimOrderOf(result) };
    const operator = "dim_order_ops._clone_dim_order.default";
    this.#steps.push({ operator, positional: [source], keywords, results: [result], origin });
  }
}

/** A tensor with other axes that has the bytes of an image with its channels innermost. */
function withChannelsLast({ name, dtype, shape, constant }: EdgeTensor): EdgeTensor {
  return {
    name: `${name}/transposed`,
    dtype,
    shape: permute(shape, channelsLast),
    ...(constant && { constant: transposeTensor(constant, channelsLast) }),
  };
}

/** A step that reads other tensors. */
function withInputs<T extends EdgeStep>(step: T, read: (tensor: EdgeTensor) => EdgeTensor): T {
  const replaced = (argument: EdgeArgument): EdgeArgument => {
    if (argument === null) return null;
    if (isTensor(argument)) return read(argument);
    if (!Array.isArray(argument)) return argument;
    return argument.map((item: EdgeTensor | number | null) =>
      typeof item === "object" && item ? read(item) : item,
    ) as EdgeArgument;
  };
  if ("positional" in step) {
    const keywords = Object.entries(step.keywords).map(([name, argument]) => [name, replaced(argument)]);
    return { ...step, positional: step.positional.map(replaced), keywords: Object.fromEntries(keywords) };
  }
  if ("inputs" in step) return { ...step, inputs: step.inputs.map(read) };
  return step;
}
