import {
  cloneAttributes,
  type Diagnostic,
  DiagnosticError,
  Graph,
  type Node,
  numbersOf,
  type Quantization,
  sameQuantization,
  type Value,
  type ValueType,
  type WeightsRule,
} from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import { quantizeConstant } from "@millrace/passes";
import type { Calibration } from "./calibrate.ts";
import { type Assignment, assignParameters, isQuantizable } from "./groups.ts";
import { activationParameters, asUnsigned } from "./parameters.ts";
import { rangeOf } from "./range.ts";
import { type KeptState, keptStates, stateWith } from "./states.ts";
import { type IntegerConstant, quantizeLayer, slotOf } from "./weighted-layer.ts";

/** Element type of the model's inputs and outputs. */
export type BoundaryType = "int8" | "uint8" | "float32";

export interface QuantizeOptions {
  /** One scale for all weights of a layer instead of one for each output channel. */
  readonly perTensor?: boolean;
  /** Takes the mean shift that rounding the weights causes out of the biases; yes by default. */
  readonly biasCorrection?: boolean;
  readonly io?: BoundaryType;
}

/** Parameters that one result of the float graph got. */
export interface QuantizedLayer {
  readonly name: string;
  readonly origin: readonly string[];
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface QuantizedGraph {
  readonly graph: Graph;
  readonly layers: readonly QuantizedLayer[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A value of the float graph as the new graph has it: as a real tensor, as integers, or both. */
interface Forms {
  real?: Value;
  integer?: Value;
  /** Integers in the parameters of the value's group, where its own differ. */
  shared?: Value;
}

/**
 * The int8 form of a float graph: activations per tensor, weights per output channel, int32 biases, by TFLite's rules. Value names are kept. Nodes without
 * an integer form compute in float32 between dequantize and quantize nodes and are reported.
 * Throws a DiagnosticError naming every layer whose bias does not fit int32.
 */
export function quantizeGraph(
  source: Graph,
  calibration: Pick<Calibration, "ranges" | "means">,
  options: QuantizeOptions = {},
): QuantizedGraph {
  return new Builder(source, calibration, options).build();
}

class Builder {
  readonly #source: Graph;
  readonly #assignment: Assignment;
  readonly #means: Calibration["means"];
  readonly #options: QuantizeOptions;
  readonly #graph: Graph;
  readonly #states: readonly KeptState[];
  readonly #forms = new Map<Value, Forms>();
  readonly #constants = new Map<Value, Map<string, Value>>();
  readonly #layers: QuantizedLayer[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(source: Graph, { ranges, means }: Pick<Calibration, "ranges" | "means">, options: QuantizeOptions) {
    this.#source = source;
    this.#assignment = assignParameters(source, ranges);
    this.#means = means;
    this.#options = options;
    this.#graph = new Graph(source.name);
    this.#states = keptStates(source);
  }

  build(): QuantizedGraph {
    for (const input of this.#source.inputs) this.#addInput(input);
    for (const node of this.#source.nodes()) {
      if (isQuantizable(node)) this.#addInteger(node);
      else this.#addReal(node);
    }
    this.#graph.setOutputs(
      this.#source.outputs.map((output, place) => this.#output(output, place)),
      this.#source.outputNames,
    );
    this.#graph.states = this.#states.map((kept) => stateWith(kept, this.#parameters(kept.input)));
    const errors = this.#diagnostics.filter(({ severity }) => severity === "error");
    if (errors.length > 0) throw new DiagnosticError(errors);
    return { graph: this.#graph, layers: this.#layers, diagnostics: this.#diagnostics };
  }

  #parameters(value: Value): Quantization {
    return (
      this.#assignment.parameters.get(value) ??
      activationParameters(rangeOf(value.constant ? numbersOf(value.constant) : []))
    );
  }

  /** The boundary type of an input or output: that which was asked for, but for a state, which its user never sees. */
  #io(kept: KeptState | undefined): BoundaryType {
    if (kept === undefined) return this.#options.io ?? "int8";
    return kept.integer ? "int8" : "float32";
  }

  #addInput(input: Value): void {
    const kept = this.#states.find((state) => state.input === input);
    const io = this.#io(kept);
    const readByIntegers =
      kept?.integer ?? [...input.uses].some(({ user }) => isQuantizable(user) || user === this.#source.results);
    if (input.type.dtype !== "f32" || io === "float32" || !readByIntegers) {
      this.#forms.set(input, { real: this.#graph.addInput(input.name, input.type) });
      return;
    }
    const quantization = this.#parameters(input);
    const { shape } = input.type;
    if (io === "int8") {
      this.#forms.set(input, { integer: this.#graph.addInput(input.name, { dtype: "i8", shape, quantization }) });
      return;
    }
    const bytes = this.#graph.addInput(input.name, { dtype: "u8", shape, quantization: asUnsigned(quantization) });
    this.#forms.set(input, { integer: this.#convert(bytes, "i8", quantization, `${input.name}_int8`, []) });
  }

  #addInteger(node: Node): void {
    const rule = node.op.quantization;
    const weights = rule.kind === "free" ? rule.weights : undefined;
    const inputs = weights
      ? this.#weightedInputs(node, weights)
      : node.inputs.map((value) => value && this.#operand(value, rule.kind === "same"));
    const types = node.outputs.map((output) => this.#integerType(output));
    const created = this.#copy(node, inputs, types);
    for (const [index, output] of node.outputs.entries()) {
      this.#forms.set(
        output,
        output.type.dtype === "f32" ? { integer: created.outputs[index] } : { real: created.outputs[index] },
      );
      if (output.type.dtype === "f32") this.#record(output, node);
    }
  }

  #integerType(output: Value): ValueType {
    if (output.type.dtype !== "f32") return output.type;
    return { dtype: "i8", shape: output.type.shape, quantization: this.#parameters(output) };
  }

  #record(output: Value, node: Node): void {
    const { scale, zeroPoint } = this.#parameters(output);
    this.#layers.push({ name: output.name, origin: node.origin, scale: scale[0], zeroPoint: zeroPoint[0] });
  }

  #addReal(node: Node): void {
    const reals = [...node.inputs, ...node.outputs].some((value) => value?.type.dtype === "f32");
    if (reals) this.#reportReal(node);
    const created = this.#copy(
      node,
      node.inputs.map((value) => value && this.#real(value)),
      node.outputs.map(({ type }) => type),
    );
    for (const [index, output] of node.outputs.entries()) this.#forms.set(output, { real: created.outputs[index] });
  }

  #reportReal(node: Node): void {
    const rule = node.op.quantization;
    const why = rule.kind === "float" ? rule.why : "its weights are not constant, or integers already";
    this.#diagnostics.push({
      code: "quantize.stays-float",
      severity: "warning",
      message: `${node.name} (${node.op.name}) computes in float32: ${why}`,
      at: { node: node.name },
      hint: "replace the operator in the model, or accept the conversions around it",
    });
  }

  #copy(node: Node, inputs: readonly (Value | undefined)[], outputTypes: readonly ValueType[]): Node {
    const { op, name, origin } = node;
    const attributes = cloneAttributes(node.attributes);
    const outputNames = node.outputs.map((output) => output.name);
    return this.#graph.addNode({ op, inputs, attributes, name, origin, outputNames, outputTypes });
  }

  #weightedInputs(node: Node, rule: WeightsRule): readonly (Value | undefined)[] {
    const data = node.inputs[slotOf(node, rule.data)]!;
    const x = this.#operand(data, false);
    const means = this.#options.biasCorrection === false ? undefined : this.#means.get(data);
    const inputScale = x.type.quantization!.scale[0];
    const layer = quantizeLayer(node, rule, {
      inputScale,
      perTensor: this.#options.perTensor ?? false,
      ...(means && { means }),
    });
    this.#diagnostics.push(...layer.diagnostics);
    const constant = (name: string, { tensor, quantization }: IntegerConstant) =>
      this.#graph.addConstant(node.inputs[slotOf(node, name)]?.name ?? `${node.name}.${name}`, tensor, quantization);
    const inputs = new Array<Value | undefined>(node.op.inputs.length);
    inputs[slotOf(node, rule.data)] = x;
    inputs[slotOf(node, rule.weights)] = constant(rule.weights, layer.weights);
    const bias = node.inputs[slotOf(node, rule.bias)];
    inputs[slotOf(node, rule.bias)] = layer.bias ? constant(rule.bias, layer.bias) : bias && this.#operand(bias, false);
    return inputs;
  }

  /** The value as integers, in its group's parameters if `shared`. */
  #operand(value: Value, shared: boolean): Value {
    if (value.type.dtype !== "f32") return this.#real(value);
    const quantization = (shared && this.#assignment.requantized.get(value)) || this.#parameters(value);
    if (value.constant) return this.#constant(value, quantization);
    const forms = this.#forms.get(value)!;
    if (forms.integer === undefined) {
      forms.integer = this.#convert(
        forms.real!,
        "i8",
        this.#parameters(value),
        `${value.name}_int8`,
        value.producer?.origin ?? [],
      );
    }
    if (sameQuantization(forms.integer.type.quantization, quantization)) return forms.integer;
    forms.shared ??= this.#convert(
      forms.integer,
      "i8",
      quantization,
      `${value.name}_requantized`,
      value.producer?.origin ?? [],
    );
    return forms.shared;
  }

  #constant(value: Value, quantization: Quantization): Value {
    const made = this.#constants.get(value) ?? new Map<string, Value>();
    this.#constants.set(value, made);
    const key = `${quantization.scale} ${quantization.zeroPoint}`;
    const known =
      made.get(key) ??
      this.#graph.addConstant(
        value.name,
        quantizeConstant(value.constant!, { dtype: "i8", quantization }),
        quantization,
      );
    made.set(key, known);
    return known;
  }

  #real(value: Value): Value {
    if (value.constant) {
      const made = this.#constants.get(value) ?? new Map<string, Value>();
      this.#constants.set(value, made);
      const known = made.get("real") ?? this.#graph.addConstant(value.name, value.constant, value.type.quantization);
      made.set("real", known);
      return known;
    }
    const forms = this.#forms.get(value)!;
    forms.real ??= this.#graph.addNode({
      op: dequantize,
      inputs: [forms.integer!],
      attributes: {},
      name: `${value.name}_float`,
      origin: value.producer?.origin ?? [],
    }).outputs[0];
    return forms.real;
  }

  #output(output: Value, place: number): Value {
    const kept = this.#states.find((state) => state.place === place);
    const io = this.#io(kept);
    if (output.type.dtype !== "f32" || io === "float32") return this.#real(output);
    const forms = this.#forms.get(output);
    const isReal = forms && forms.integer === undefined && output.producer && !isQuantizable(output.producer);
    if (isReal && kept === undefined) return this.#real(output);
    const integer = this.#operand(output, kept !== undefined);
    if (io === "int8") return integer;
    return this.#convert(
      integer,
      "u8",
      asUnsigned(integer.type.quantization!),
      `${output.name}_uint8`,
      output.producer?.origin ?? [],
    );
  }

  #convert(
    value: Value,
    dtype: "i8" | "u8",
    { scale, zeroPoint }: Quantization,
    name: string,
    origin: readonly string[],
  ): Value {
    const attributes = { dtype, scale, zeroPoint, axis: -1, rounding: "away" };
    return this.#graph.addNode({ op: quantize, inputs: [value], attributes, name, origin }).outputs[0];
  }
}
