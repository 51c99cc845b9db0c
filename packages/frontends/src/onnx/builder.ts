import {
  type Attributes,
  type Dimension,
  elementCount,
  fail,
  fromNumbers,
  type Graph,
  isStatic,
  numbersOf,
  type Operator,
  type Quantization,
  sameQuantization,
  symbol,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { followsSizes, type Sizes, sizesAfter } from "./sizes.ts";

/** What a source node's results are called while they are made. */
export interface Naming {
  readonly node: string;
  /** Stem of the names of values. */
  readonly value: string;
}

/** Tensors with more elements are not computed during import unless something depends on what they hold. */
const smallTensor = 4096;
/** Longest vector that is followed element by element as sizes. */
const maximumSizes = 64;
/** Elements that are computed unasked in all: keeps hostile graphs of many small constants quick. */
const maximumWork = 2 ** 26;
/** Bytes that constants may take beyond those the file holds: what ConstantOfShape, Range and arithmetic on constants make. */
const maximumExpanded = 2 ** 30;

/**
 * Adds nodes to the graph, or constants where a result is known already: it follows constants, and the sizes that exporters
 * compute out of shapes, through the operators.
 */
export class Builder {
  readonly graph: Graph;
  /** How many sizes there are that only data decides, in this graph and all around it or within. */
  readonly openSizes: { count: number };
  readonly #sizes = new Map<Value, Sizes>();
  /** Results of nodes that depend on constants only. */
  readonly #derived = new Set<Value>();
  /** Inputs that stand for a tensor as soon as one is asked for, and what depends on them. */
  readonly #assumed = new Set<Value>();
  readonly #offers = new Map<Value, Tensor>();
  readonly #computed = new Map<Value, Tensor>();
  readonly #made = new Map<Value, Map<string, Value>>();
  #work = 0;
  #expanded = 0;

  constructor(graph: Graph, openSizes: { count: number } = { count: 0 }) {
    this.graph = graph;
    this.openSizes = openSizes;
  }

  /** A name for a size that only data decides. */
  freshSize({ value }: Naming): Dimension {
    return `${symbol(value)}.${this.openSizes.count++}`;
  }

  /** Lets an input be a constant where an operator can't do without one. */
  offer(input: Value, tensor: Tensor): void {
    this.#derived.add(input);
    this.#assumed.add(input);
    this.#offers.set(input, tensor);
  }

  /** Inputs whose offered tensors were made use of, with them. */
  get taken(): readonly (readonly [Value, Tensor])[] {
    return [...this.#offers].filter(([input]) => this.#computed.has(input));
  }

  constant(name: string, tensor: Tensor, quantization?: Quantization): Value {
    return this.graph.addConstant(name, tensor, quantization);
  }

  /** Adds a node without a look at its inputs' contents. Throws `onnx.shape` if the operator does not take them. */
  node(op: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes, naming: Naming): readonly Value[] {
    this.#check(op, inputs, attributes);
    return this.#append(op, inputs, attributes, naming, op.infer(inputs, attributes));
  }

  /** Like `node`, but gives constants where all inputs are small constants, or the result is sizes that are all known. */
  compute(op: Operator, inputs: readonly Value[], attributes: Attributes, naming: Naming): readonly Value[] {
    this.#check(op, inputs, attributes);
    const types = op.infer(inputs, attributes);
    const isFixed = op.evaluate && !op.bodies && !isOpen(attributes) && types.every(({ shape }) => isStatic(shape));
    const name = `${naming.value}/${op.name}`;
    if (isFixed && this.#isQuick(inputs, types))
      return this.#evaluate(op, inputs, attributes, types).map((tensor) => this.constant(name, tensor));
    const sizes = this.#sizesAfter(op, inputs, attributes, types);
    if (sizes && isStatic(sizes)) {
      const [{ dtype, shape }] = types;
      return [this.constant(name, fromNumbers(dtype, shape as readonly number[], sizes))];
    }
    const outputs = this.#append(op, inputs, attributes, naming, types);
    if (sizes) this.#sizes.set(outputs[0], sizes);
    if (isFixed && inputs.every((input) => this.isConstant(input))) {
      for (const output of outputs) this.#derived.add(output);
      if (inputs.some((input) => this.#assumed.has(input))) for (const output of outputs) this.#assumed.add(output);
    }
    return outputs;
  }

  /** A constant of any size out of another, by an operator that only rearranges it; a node if its new shape is open. */
  rearrange(op: Operator, value: Value, attributes: Attributes, naming: Naming): Value {
    if (isOpen(attributes)) return this.node(op, [value], attributes, naming)[0];
    this.#check(op, [value], attributes);
    const [tensor] = this.#evaluate(op, [value], attributes, op.infer([value], attributes));
    return this.constant(`${value.name}/${op.name}`, tensor);
  }

  /** Whether `tensorOf` gives the value's elements. */
  isConstant(value: Value): boolean {
    return value.constant !== undefined || this.#derived.has(value);
  }

  /** The elements of a value that depends on constants only, computed if need be; undefined for any other. */
  tensorOf(value: Value): Tensor | undefined {
    if (value.constant || !this.#derived.has(value)) return value.constant;
    const pending = [value];
    while (pending.length > 0) {
      const offered = this.#offers.get(pending.at(-1)!);
      if (offered) {
        this.#computed.set(pending.pop()!, offered);
        continue;
      }
      const { op, inputs, attributes, outputs } = pending.at(-1)!.producer!;
      const missing = (inputs as readonly Value[]).filter((input) => !input.constant && !this.#computed.has(input));
      if (missing.length > 0) {
        pending.push(...missing);
        continue;
      }
      pending.pop();
      if (this.#computed.has(outputs[0])) continue;
      const types = outputs.map(({ type }) => type);
      this.reserve(8 * sizeOf(types));
      const tensors = this.#evaluate(op, inputs as readonly Value[], attributes, types);
      for (const [index, output] of outputs.entries()) this.#computed.set(output, tensors[index]);
    }
    return this.#computed.get(value);
  }

  /** The elements of a value that are known without making a constant of any input. */
  settledTensorOf(value: Value): Tensor | undefined {
    return this.#assumed.has(value) ? undefined : this.tensorOf(value);
  }

  /** A constant in the place of a value that depends on constants only; any other value as it is. */
  settled(value: Value): Value {
    if (!this.#derived.has(value)) return value;
    return this.once(value, "constant", () => this.constant(`${value.name}/constant`, this.tensorOf(value)!));
  }

  /** What `make` makes out of `value`; later calls with the same `way` share it. */
  once(value: Value, way: string, make: () => Value): Value {
    const ways = this.#made.get(value) ?? new Map<string, Value>();
    this.#made.set(value, ways);
    const made = ways.get(way) ?? make();
    ways.set(way, made);
    return made;
  }

  /** The elements of a scalar or vector of integers, symbolic where they are sizes left open; undefined if they depend on data. */
  sizesOf(value: Value): Sizes | undefined {
    const known = this.#sizes.get(value);
    if (
      known ||
      this.#assumed.has(value) ||
      value.type.shape.length > 1 ||
      value.type.shape.some((size) => typeof size === "string" || size > maximumSizes)
    )
      return known;
    const tensor = this.tensorOf(value);
    const numbers = tensor && Array.from(numbersOf(tensor));
    return numbers?.every(Number.isInteger) ? numbers : undefined;
  }

  /** Refuses a tensor that takes far more memory than the file that asks for it. */
  reserve(bytes: number): void {
    this.#expanded += Math.max(0, bytes);
    if (this.#expanded > maximumExpanded)
      fail("onnx.too-large", `with it the model's constants take over ${maximumExpanded} bytes`, {
        hint: "Check the shapes in the model; no device this tool is for holds such tensors.",
      });
  }

  /** The value with `quantization` in its type: a constant, or an input or stored result without another one; undefined for any other value. */
  quantized(value: Value, quantization: Quantization): Value | undefined {
    const source = value.producer ? this.settled(value) : value;
    const { type, name, constant, producer } = source;
    if (sameQuantization(type.quantization, quantization)) return source;
    if (constant && source.uses.size > 0) return this.constant(name, constant, quantization);
    const isComputed = producer !== undefined && producer.op.quantization.kind !== "stored";
    if (!constant && (type.quantization || isComputed)) return undefined;
    this.graph.setType(source, { ...type, quantization });
    return source;
  }

  #append(
    op: Operator,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    { node, value }: Naming,
    outputTypes: readonly ValueType[],
  ): readonly Value[] {
    const outputNames = outputTypes.map(() => `${value}/${op.name}`);
    return this.graph.addNode({ op, inputs, attributes, name: node, origin: [node], outputNames, outputTypes }).outputs;
  }

  #check(op: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes): void {
    const problems = op.check(inputs, attributes);
    if (problems.length === 0) return;
    const shapes = inputs.map((input) => (input ? `${input.type.dtype}[${input.type.shape}]` : "nothing")).join(", ");
    fail("onnx.shape", `for ${op.name} of ${shapes}, ${problems.join("; ")}`, {
      hint: "Check the model with onnx.checker and the shapes of its inputs; if they are right, this is not supported.",
    });
  }

  /** Whether everything read and made is small, and not too much was computed before. */
  #isQuick(inputs: readonly Value[], types: readonly ValueType[]): boolean {
    if (!inputs.every(({ constant }) => constant && constant.data.length <= smallTensor)) return false;
    const counts = [...inputs.map(({ type }) => type), ...types].map(({ shape }) => elementCount(shape) as number);
    this.#work += counts.reduce((sum, count) => sum + count, 0);
    return this.#work <= maximumWork && counts.every((count) => count <= smallTensor);
  }

  #evaluate(
    op: Operator,
    inputs: readonly Value[],
    attributes: Attributes,
    types: readonly ValueType[],
  ): readonly Tensor[] {
    const tensors = inputs.map((input) => input.constant ?? this.#computed.get(input)!);
    return op.evaluate!(tensors, attributes, types);
  }

  #sizesAfter(
    op: Operator,
    inputs: readonly Value[],
    attributes: Attributes,
    [type]: readonly ValueType[],
  ): Sizes | undefined {
    if (!followsSizes(op.name)) return undefined;
    const count = type.shape.length <= 1 ? elementCount(type.shape) : undefined;
    if (typeof count !== "number" || count > maximumSizes) return undefined;
    const sizes = sizesAfter(op.name, inputs, (input) => this.sizesOf(input), attributes);
    return sizes?.length === count ? sizes : undefined;
  }
}

/** Elements of values of static shapes in all. */
function sizeOf(types: readonly ValueType[]): number {
  return types.reduce((count, { shape }) => count + (elementCount(shape) as number), 0);
}

/** Whether an attribute holds a size left open. */
function isOpen(attributes: Attributes): boolean {
  return Object.values(attributes).some(
    (value) => Array.isArray(value) && value.some((item) => typeof item === "string"),
  );
}
