import type { OnnxDataType, OnnxGraph, OnnxNode } from "@millrace/formats/onnx";
import {
  type Attributes,
  type Dimension,
  type DType,
  fail,
  fromNumbers,
  Graph,
  normalizeAxis,
  numbersOf,
  type Operator,
  type Quantization,
  type Shape,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import type { AttributeReader } from "./attributes.ts";
import { Builder } from "./builder.ts";
import { type Body, type BodyWriter, Captures } from "./captures.ts";
import { contentsHint } from "./contents-hint.ts";
import { removeUnused } from "./remove-unused.ts";
import type { Item } from "./scope.ts";
import { Sequence } from "./sequence.ts";
import type { Sizes } from "./sizes.ts";
import type { Result, Surroundings } from "./surroundings.ts";
import type { StoredTensor } from "./tensors.ts";

/** Turns one source node into nodes of the graph and gives its results, in order; those left out are not supported. */
export type Importer = (node: SourceNode) => Result | readonly (Result | undefined)[];

/**
 * One node of the source model while it is imported: its inputs as values of the graph, its attributes, and the means to add nodes.
 * Every method that can't give what is asked throws a diagnostic about the node, whose message goes on from the node's name.
 */
export class SourceNode {
  readonly type: string;
  readonly opset: number;
  readonly attributes: AttributeReader;
  /** Values in the order of the source; undefined for optional ones left out. */
  readonly inputs: (Item | undefined)[];
  /** Names of the results; empty for those nobody wants. */
  readonly outputs: readonly string[];
  /** Values made while importing this node, which may be given its results' names. */
  readonly made = new Set<Value>();
  readonly #source: OnnxNode;
  readonly #surroundings: Surroundings;

  constructor(node: OnnxNode, attributes: AttributeReader, surroundings: Surroundings) {
    this.type = node.opType;
    this.opset = surroundings.opset;
    this.attributes = attributes;
    this.inputs = [...surroundings.inputs];
    this.outputs = node.outputs;
    this.#source = node;
    this.#surroundings = surroundings;
  }

  /** The result that the importer of another operator makes of other inputs, with this node's attributes. */
  as(importer: Importer, ...inputs: readonly (Value | undefined)[]): Value {
    const node = new SourceNode(this.#source, this.attributes, { ...this.#surroundings, inputs });
    const [result] = [importer(node)].flat();
    if (typeof result === "object" && !(result instanceof Sequence)) return result;
    return this.invalid("it gives no tensor");
  }

  /** Tells the user something about the node, in a sentence that goes on from its name. */
  inform(code: string, sentence: string, hint: string): void {
    this.#surroundings.inform(code, sentence, hint);
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  input(index: number): Value {
    const item = this.item(index);
    return item instanceof Sequence ? this.invalid(`input ${index} is a sequence, not a tensor`) : item;
  }

  /** An input that may be left out. */
  optional(index: number): Value | undefined {
    return this.has(index) ? this.input(index) : undefined;
  }

  sequence(index: number): Sequence {
    const item = this.item(index);
    return item instanceof Sequence ? item : this.invalid(`input ${index} is a tensor, not a sequence`);
  }

  /** An input that may be a tensor or a sequence. */
  item(index: number): Item {
    const hint = "Check the model with onnx.checker and export it again.";
    return this.inputs[index] ?? fail("onnx.missing-input", `input ${index} is missing`, { hint });
  }

  /** All inputs of an operator that takes any number of them. */
  all(): readonly Value[] {
    this.input(0);
    return this.inputs.map((_, index) => this.input(index));
  }

  shape(index: number): Shape {
    return this.input(index).type.shape;
  }

  /** Elements of an input that depends on constants only. */
  tensor(index: number): Tensor {
    return this.constantTensor(this.input(index), `input ${index}`);
  }

  /** Elements of a value that depends on constants only; `what` names it in the error. */
  constantTensor(value: Value, what: string): Tensor {
    return (
      this.#surroundings.builder.tensorOf(value) ??
      fail(
        "onnx.not-constant",
        `${what} ("${value.name}") is computed while the model runs, and has to be a constant`,
        { hint: contentsHint(value) },
      )
    );
  }

  isConstant(value: Value): boolean {
    return this.#surroundings.builder.isConstant(value);
  }

  /** An input that may hold weights: a constant if it depends on constants only. */
  weights(index: number): Value {
    return this.#surroundings.builder.settled(this.input(index));
  }

  /** Numbers in an input that depends on constants only. */
  numbers(index: number): readonly number[] {
    return Array.from(numbersOf(this.tensor(index)));
  }

  /** Numbers in a value that depends on constants only; `what` names it in the error. */
  constantNumbers(value: Value, what: string): readonly number[] {
    return Array.from(numbersOf(this.constantTensor(value, what)));
  }

  /** Elements of an input that depends on constants and shapes only; sizes left open are symbols. */
  sizes(index: number): Sizes {
    return this.#surroundings.builder.sizesOf(this.input(index)) ?? this.numbers(index);
  }

  /** Whether an input is there whose elements depend on data. */
  isComputed(index: number): boolean {
    const { builder } = this.#surroundings;
    return this.has(index) && !this.isConstant(this.input(index)) && builder.sizesOf(this.input(index)) === undefined;
  }

  /** Lets whole numbers that are known from elsewhere stand for an input. */
  settle(index: number, numbers: readonly number[]): void {
    const { dtype, shape } = this.input(index).type;
    this.inputs[index] = this.constant(fromNumbers(dtype, shape.length === 0 ? [] : [numbers.length], numbers));
  }

  /** The shape that the model states for a result; undefined if a size is left open. */
  statedShape(output = 0): readonly number[] | undefined {
    return this.#surroundings.statedShape(output);
  }

  /** A size of a result that only data decides, or the one that the model states for it. */
  decidedSize(stated: Dimension | undefined): Dimension {
    return stated ?? this.#surroundings.builder.freshSize(this.#surroundings.naming);
  }

  /** A list that was an attribute before opset `since` and is an input from then on; undefined if it is left out. */
  list(attribute: string, index: number, since: number): readonly number[] | undefined {
    if (this.opset < since) return this.attributes.integers(attribute);
    return this.has(index) ? this.numbers(index) : undefined;
  }

  /** An axis counted from the front, checked against `rank`. */
  axis(axis: number, rank: number): number {
    const normal = normalizeAxis(axis, rank);
    if (Number.isInteger(normal) && normal >= 0 && normal < rank) return normal;
    return this.invalid(`the axis ${axis} is not one of the ${rank} axes`);
  }

  /** Whether anyone wants the result `index`. */
  wants(index: number): boolean {
    return (this.outputs[index] ?? "") !== "";
  }

  /** Adds a node; the value is its first result. */
  emit(op: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes): Value {
    return this.emitAll(op, inputs, attributes)[0];
  }

  emitAll(op: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes): readonly Value[] {
    const { builder, naming } = this.#surroundings;
    return this.#keep(builder.node(op, inputs, attributes, naming));
  }

  /** Adds a node, or gives a constant where the result is known already. */
  compute(op: Operator, inputs: readonly Value[], attributes: Attributes): Value {
    return this.computeAll(op, inputs, attributes)[0];
  }

  computeAll(op: Operator, inputs: readonly Value[], attributes: Attributes): readonly Value[] {
    const { builder, naming } = this.#surroundings;
    return this.#keep(builder.compute(op, inputs, attributes, naming));
  }

  /** A constant of any size out of another, by an operator that only rearranges it. */
  rearrange(op: Operator, constant: Value, attributes: Attributes): Value {
    const { builder, naming } = this.#surroundings;
    return this.#keep([builder.rearrange(op, constant, attributes, naming)])[0];
  }

  /** What `make` makes out of `value`, shared by all nodes that make it the same `way`. */
  once(value: Value, way: string, make: () => Value): Value {
    return this.#surroundings.builder.once(value, way, make);
  }

  constant(tensor: Tensor): Value {
    const { builder, naming } = this.#surroundings;
    return this.#keep([builder.constant(`${naming.value}/constant`, tensor)])[0];
  }

  scalar(value: number, dtype: DType = "f32"): Value {
    return this.constant(fromNumbers(dtype, [], [value]));
  }

  /** `value` with `quantization` in its type; undefined if it is computed, and not with this quantization. */
  quantized(value: Value, quantization: Quantization): Value | undefined {
    return this.#surroundings.builder.quantized(value, quantization);
  }

  /** Refuses a tensor that would take far more memory than the file. */
  reserve(bytes: number): void {
    this.#surroundings.builder.reserve(bytes);
  }

  /** Writes out a graph of an attribute for its inputs and gives its results; `copy` tells this copy from others. */
  inline(graph: OnnxGraph, inputs: readonly (Item | undefined)[], copy?: string): readonly Result[] {
    return this.#surroundings.inline(graph, inputs, copy && `${this.#surroundings.naming.node}/${copy}`);
  }

  /** Makes a body of a graph of an attribute; what it takes from around it are inputs after its own, `captured` first. */
  body(graph: OnnxGraph, types: readonly ValueType[], captured: readonly Value[] = []): Body {
    return this.#surroundings.body(graph, types, captured);
  }

  /**
   * Makes a body with inputs of the types given. `write` adds what it computes by a node like this one that stands within, and gives
   * its results; `take` is how it reads values from around it, which become inputs after its own unless they are constants.
   */
  compose(types: readonly ValueType[], write: BodyWriter): Body {
    const { builder, naming } = this.#surroundings;
    const within = new Builder(new Graph(`${naming.node}/step`));
    const captures = new Captures(builder, within);
    const inputs = types.map((type, index) => within.graph.addInput(`input_${index}`, type));
    const node = new SourceNode(this.#source, this.attributes, { ...this.#surroundings, builder: within });
    within.graph.setOutputs(write(node, inputs, (outer) => captures.take(outer)));
    removeUnused(within.graph);
    return { graph: within.graph, captured: captures.values };
  }

  decode(tensor: StoredTensor): Tensor {
    return this.#surroundings.decode(tensor);
  }

  elementType(code: number): DType {
    return this.#surroundings.elementType(code);
  }

  /** The type the source states for a value, which may be narrower than the graph's; undefined where it isn't known. */
  sourceType(value: Value): OnnxDataType | undefined {
    return this.#surroundings.sourceType(value);
  }

  /** `value`, which the source holds in the type `code` from here on. */
  noted(value: Value, code: number): Value {
    this.#surroundings.noteType(value, code);
    return value;
  }

  /** Ends the import of this node: it is right, but asks for something there is no way to do yet. */
  unsupported(problem: string, hint: string): never {
    return fail("onnx.unsupported-attribute", problem, { hint });
  }

  /** Ends the import of this node: it breaks the rules of its operator. */
  invalid(problem: string): never {
    const hint = "Check the model with onnx.checker (full_check) and the shapes given for its inputs.";
    return fail("onnx.shape", problem, { hint });
  }

  #keep(values: readonly Value[]): readonly Value[] {
    for (const value of values) this.made.add(value);
    return values;
  }
}
