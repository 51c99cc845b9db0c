import { encodeAttribute, type OnnxAttributeValue } from "@millrace/formats/onnx";
import type { Graph as Pt2Graph } from "@millrace/formats/pt2";
import {
  type Attributes,
  type DType,
  fail,
  fromNumbers,
  normalizeAxis,
  type Operator,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { cast } from "@millrace/ops";
import { AttributeReader } from "../onnx/attributes.ts";
import type { Body } from "../onnx/captures.ts";
import { importers } from "../onnx/ops/index.ts";
import { SourceNode } from "../onnx/source-node.ts";
import type { Surroundings } from "../onnx/surroundings.ts";
import type { Arguments } from "./arguments.ts";
import { commonType, isScalar, type Scalar } from "./types.ts";

/** Turns one node of a program into nodes of the graph and gives its results, in order; those of a list follow one another. */
export type Handler = (call: Call) => Value | readonly (Value | undefined)[];

/** How a call imports the graphs that its node holds. */
export interface Nested {
  /** The results of a graph for its inputs, written out. */
  inline(graph: Pt2Graph, inputs: readonly Value[]): readonly Value[];
  /**
   * A body of a graph. Its first inputs are those of the types `carried`; those for the values around are constants of the body where the values
   * are constants, and else further inputs.
   */
  body(graph: Pt2Graph, carried: readonly ValueType[], around: readonly Value[]): Body;
}

/** Attributes of an operator of ONNX's by name. */
export type AttributeContents = Readonly<Record<string, AttributeContent>>;

/** A number is an INT, and a list of them INTS; other kinds say so. */
type AttributeContent = number | string | readonly number[] | Exclude<OnnxAttributeValue, { kind: "REFERENCE" }>;

export function real(value: number): AttributeContent {
  return { kind: "FLOAT", value };
}

/**
 * One node of the program while it is imported: its arguments, and the means to add nodes. Where ONNX has an operator of the same
 * meaning, `onnx` imports that one, so that a network gives the same graph whichever way it was exported.
 */
export class Call {
  readonly arguments: Arguments;
  /** Adds nodes of the graph in this node's name. */
  readonly writer: SourceNode;
  /** Names of the results; empty for those nobody reads. */
  readonly results: readonly string[];
  readonly #surroundings: Omit<Surroundings, "inputs">;
  readonly nested: Nested;
  readonly #writers: SourceNode[] = [];

  constructor(
    given: Arguments,
    results: readonly string[],
    surroundings: Omit<Surroundings, "inputs">,
    nested: Nested,
  ) {
    this.nested = nested;
    this.arguments = given;
    this.results = results;
    this.#surroundings = surroundings;
    this.writer = this.#writerOf("", [], {}, [""]);
  }

  /** Whether a value was made while this node was imported, and may have its result's name. */
  made(value: Value): boolean {
    return this.#writers.some(({ made }) => made.has(value));
  }

  wants(index: number): boolean {
    return (this.results[index] ?? "") !== "";
  }

  /** The first result of ONNX's operator `type` (of opset 23). */
  onnx(type: string, inputs: readonly (Value | undefined)[], attributes: AttributeContents = {}): Value {
    return this.onnxAll(type, inputs, attributes, [type])[0] ?? fail("torch.no-result", `its ${type} gives no tensor`);
  }

  /** All results of ONNX's operator; those whose name is empty may be missing. */
  onnxAll(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: AttributeContents,
    results: readonly string[],
  ): readonly (Value | undefined)[] {
    const made = importers[type](this.#writerOf(type, inputs, attributes, results));
    return [made].flat().map((result) => (typeof result === "object" && "type" in result ? result : undefined));
  }

  compute(op: Operator, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.writer.compute(op, inputs, attributes);
  }

  /** A constant of integers, as ONNX's operators take axes, shapes and the like. */
  integers(values: readonly number[]): Value {
    return this.writer.constant(fromNumbers("i64", [values.length], values));
  }

  /** A value in another element type. */
  converted(value: Value, to: DType): Value {
    return value.type.dtype === to ? value : this.compute(cast, [value], { to });
  }

  /** The operand as a value of the graph; a number becomes a constant. */
  valueOf(operand: Value | Scalar, dtype: DType): Value {
    if (!isScalar(operand)) return this.converted(operand, dtype);
    return this.writer.constant(fromNumbers(dtype, [], [operand.value]));
  }

  /** Operands in the type that PyTorch computes with. */
  promoted(operands: readonly (Value | Scalar)[], dtype = commonType(operands)): readonly Value[] {
    return operands.map((operand) => this.valueOf(operand, dtype));
  }

  /** The operand in real numbers. */
  realOf(operand: Value): Value {
    return this.converted(operand, "f32");
  }

  /** An axis counted from the front, checked against `rank`. */
  axis(given: number, rank: number): number {
    const axis = normalizeAxis(given, rank);
    if (Number.isInteger(axis) && axis >= 0 && axis < rank) return axis;
    return this.invalid(`the axis ${given} is not one of the ${rank} axes`);
  }

  /** Checks a count of elements before there is room made for them. */
  count(elements: number): number {
    if (!Number.isSafeInteger(elements) || elements < 0) return this.invalid(`it has ${elements} elements`);
    this.writer.reserve(16 * elements);
    return elements;
  }

  /** Ends the import of this node: it is right, but asks for something there is no way to do yet. */
  unsupported(problem: string, hint: string): never {
    return fail("torch.unsupported", problem, { hint });
  }

  /** Ends the import of this node: it breaks the rules of its operator. */
  invalid(problem: string): never {
    return fail("torch.shape", problem, { hint: "Export the model again, and check the shapes given for its inputs." });
  }

  #writerOf(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: AttributeContents,
    outputs: readonly string[],
  ): SourceNode {
    const encoded = Object.entries(attributes).map(([name, content]) => encodeAttribute(name, contentOf(content)));
    const node = { name: "", opType: type, domain: "", inputs: [], outputs, attributes: encoded };
    const writer = new SourceNode(node, new AttributeReader(encoded), { ...this.#surroundings, inputs });
    this.#writers.push(writer);
    return writer;
  }
}

function contentOf(content: AttributeContent): Exclude<OnnxAttributeValue, { kind: "REFERENCE" }> {
  if (typeof content === "number") return { kind: "INT", value: content };
  if (typeof content === "string") return { kind: "STRING", value: content };
  return "kind" in content ? content : { kind: "INTS", value: content };
}
