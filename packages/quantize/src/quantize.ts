import {
  cloneAttributes,
  type Diagnostic,
  DiagnosticError,
  Graph,
  type Node,
  type Value,
  type ValueType,
  type WeightsRule,
} from "@millrace/ir";
import type { BlockSize } from "@millrace/passes";
import { createTurn } from "@millrace/runtime";
import { type BoundaryType, boundaryTypes } from "./boundary-type.ts";
import type { Calibration } from "./calibrate.ts";
import { assignParameters, type Basis } from "./groups.ts";
import type { Likeness } from "./like/likeness.ts";
import { asUnsigned } from "./parameters.ts";
import { blocksUnused, inBytes, unknownRange } from "./quantize-problems.ts";
import { realNode } from "./real-node.ts";
import type { CollectedProducts } from "./rounding/collect-products.ts";
import type { Rounding } from "./rounding/round-weights.ts";
import {
  type ActivationType,
  activationType,
  type IntegerType,
  type LayerScheme,
  type Scheme,
  type SchemeName,
  schemeChooser,
  schemes,
} from "./scheme.ts";
import { slotOf } from "./slot.ts";
import { type KeptState, keptStates, stateWith } from "./states.ts";
import { ValueForms } from "./value-forms.ts";
import { type IntegerConstant, quantizeLayer } from "./weighted-layer.ts";

export interface QuantizeOptions {
  /** Types of data and weights; int8 by default. */
  readonly scheme?: SchemeName;
  /** Other schemes for some of the layers; the last that names a layer counts. */
  readonly layers?: readonly LayerScheme[];
  /** One scale for all weights of a layer instead of one for each output channel. */
  readonly perTensor?: boolean;
  /** How many neighbours of a row of weights share a scale in fully connected layers of the scheme dynamic-int4, instead of the whole row. */
  readonly block?: BlockSize;
  /** Zero points of int8 data are 0. */
  readonly symmetric?: boolean;
  /** Takes the mean shift that rounding the weights causes out of the biases; yes by default. */
  readonly biasCorrection?: boolean;
  /** How weights become integers; the nearest ones by default. The other ways need `products`. */
  readonly rounding?: Rounding;
  /** The scheme's type of data by default. */
  readonly io?: BoundaryType;
}

/** Parameters that one result of the float graph got. */
export interface QuantizedLayer {
  readonly name: string;
  readonly origin: readonly string[];
  readonly dtype: IntegerType;
  readonly scale: number;
  readonly zeroPoint: number;
  /** What its parameters follow from. */
  readonly basis: Basis;
}

export interface QuantizedGraph {
  readonly graph: Graph;
  readonly layers: readonly QuantizedLayer[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What samples have shown of a graph; `likeness` takes the place of all that
 * options say of types, and of ranges.
 */
export type Seen = Pick<Calibration, "ranges" | "extremes" | "means"> &
  Partial<Pick<CollectedProducts, "products">> & { readonly likeness?: Likeness | undefined };

/**
 * The form of a float graph in the types that its layers' schemes ask for: activations per tensor, weights per output channel, biases in int32, or
 * int64 beside int16, by TFLite's rules. Value names are kept. Nodes without an integer form compute in float32 between dequantize and quantize nodes
 * and are reported, as are those that have one in 8 bits only. Throws a DiagnosticError naming every layer whose bias does not fit, and every value of
 * whose range nothing is known.
 */
export function quantizeGraph(source: Graph, calibration: Seen, options: QuantizeOptions = {}): QuantizedGraph {
  const steps = new Builder(source, calibration, options).steps();
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** `quantizeGraph` that lets other work of the thread go on between nodes. Calls `progress` with how many are done, and throws the signal's reason. */
export async function quantizeGraphInSteps(
  source: Graph,
  calibration: Seen,
  options: QuantizeOptions,
  { signal, progress }: { readonly signal?: AbortSignal; readonly progress?: (done: number) => void } = {},
): Promise<QuantizedGraph> {
  const steps = new Builder(source, calibration, options).steps();
  const turn = createTurn(signal);
  for (let step = steps.next(), done = 1; ; step = steps.next(), done++) {
    if (step.done) return step.value;
    progress?.(done);
    await turn.rest();
    turn.check();
  }
}

class Builder {
  readonly #source: Graph;
  readonly #seen: Seen;
  readonly #options: QuantizeOptions;
  readonly #schemeOf: (node: Node) => Scheme;
  readonly #graph: Graph;
  readonly #states: readonly KeptState[];
  readonly #forms: ValueForms;
  readonly #layers: QuantizedLayer[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(source: Graph, seen: Seen, options: QuantizeOptions) {
    this.#source = source;
    this.#seen = seen;
    this.#options = options;
    const { likeness } = seen;
    this.#schemeOf = schemeChooser(this.#scheme, options.layers ?? [], likeness?.schemes);
    this.#graph = new Graph(source.name);
    this.#states = keptStates(source, (node) => this.#typeOf(node));
    const assignment = (dtype: IntegerType) =>
      assignParameters(source, dtype === "i8" ? seen.ranges : seen.extremes, {
        dtype,
        symmetric: options.symmetric ?? false,
        computes: (node) => this.#typeOf(node) === dtype,
        ...(likeness && { given: likeness.parameters[dtype] }),
      });
    this.#forms = new ValueForms(this.#graph, { i8: assignment("i8"), i16: assignment("i16") });
  }

  /** Pauses after each node. */
  *steps(): Generator<undefined, QuantizedGraph> {
    for (const input of this.#source.inputs) this.#addInput(input);
    for (const node of this.#source.nodes()) {
      const type = this.#typeOf(node);
      if (type === "f32") this.#addReal(node);
      else this.#addInteger(node, type);
      yield;
    }
    this.#graph.setOutputs(
      this.#source.outputs.map((output, place) => this.#output(output, place)),
      this.#source.outputNames,
    );
    this.#graph.states = this.#states.map((kept) =>
      stateWith(kept, kept.dtype === "f32" ? undefined : this.#forms.parameters(kept.input, kept.dtype)),
    );
    if (this.#options.block !== undefined && !this.#takesBlocks()) this.#report(blocksUnused);
    for (const value of this.#forms.unknown) this.#report(unknownRange(value));
    const errors = this.#diagnostics.filter(({ severity }) => severity === "error");
    if (errors.length > 0) throw new DiagnosticError(errors);
    return { graph: this.#graph, layers: this.#layers, diagnostics: this.#diagnostics };
  }

  /** Whether the scheme of any node asks for weights that blocks can share scales of. */
  #takesBlocks(): boolean {
    for (const node of this.#source.nodes()) {
      const { activations, weights } = this.#schemeOf(node);
      if (activations === "f32" && weights === "i4") return true;
    }
    return false;
  }

  #typeOf(node: Node): ActivationType {
    return activationType(node, this.#schemeOf(node));
  }

  get #scheme(): SchemeName {
    return this.#seen.likeness?.scheme ?? this.#options.scheme ?? "int8";
  }

  /** The boundary type of an input or output: that which was given or asked for, but for a state, which its user never sees. */
  #io(kept: KeptState | undefined, given: BoundaryType | undefined): BoundaryType {
    if (kept !== undefined) return boundaryTypes[kept.dtype];
    return given ?? this.#options.io ?? boundaryTypes[schemes[this.#scheme].activations];
  }

  /** Whether all weights of a layer have one scale. */
  #hasOneScale(node: Node): boolean {
    return this.#seen.likeness?.perTensor.has(node) ?? this.#options.perTensor ?? false;
  }

  #addInput(input: Value): void {
    const kept = this.#states.find((state) => state.input === input);
    const io = this.#io(kept, this.#seen.likeness?.inputs.get(input));
    const readByIntegers =
      (kept !== undefined && kept.dtype !== "f32") ||
      [...input.uses].some(({ user }) => user === this.#source.results || this.#typeOf(user) !== "f32");
    if (input.type.dtype !== "f32" || io === "float32" || !readByIntegers) {
      this.#forms.set(input, this.#graph.addInput(input.name, input.type));
      return;
    }
    const { shape } = input.type;
    const dtype = io === "int16" ? "i16" : "i8";
    const quantization = this.#forms.parameters(input, dtype);
    if (io !== "uint8") {
      this.#forms.set(input, this.#graph.addInput(input.name, { dtype, shape, quantization }));
      return;
    }
    const bytes = this.#graph.addInput(input.name, { dtype: "u8", shape, quantization: asUnsigned(quantization) });
    this.#forms.set(
      input,
      this.#forms.converted(bytes, dtype, quantization, { name: `${input.name}_int8`, origin: [] }),
    );
  }

  #addInteger(node: Node, dtype: IntegerType): void {
    const rule = node.op.quantization;
    const weights = rule.kind === "free" ? rule.weights : undefined;
    const inputs = weights
      ? this.#weightedInputs(node, weights, dtype)
      : node.inputs.map((value) => value && this.#forms.as(value, dtype, rule.kind === "same"));
    const types = node.outputs.map((output) => this.#integerType(output, dtype));
    const created = this.#copy(node, inputs, types);
    for (const [index, output] of node.outputs.entries()) {
      this.#forms.set(output, created.outputs[index]);
      if (output.type.dtype === "f32") this.#record(output, node, dtype);
    }
    if (this.#schemeOf(node).activations !== dtype) this.#report(inBytes(node));
  }

  #integerType(output: Value, dtype: IntegerType): ValueType {
    if (output.type.dtype !== "f32") return output.type;
    return { dtype, shape: output.type.shape, quantization: this.#forms.parameters(output, dtype) };
  }

  #record(output: Value, { origin }: Node, dtype: IntegerType): void {
    const { scale, zeroPoint } = this.#forms.parameters(output, dtype);
    const basis = this.#forms.basis(output, dtype);
    this.#layers.push({ name: output.name, origin, dtype, scale: scale[0], zeroPoint: zeroPoint[0], basis });
  }

  #addReal(node: Node): void {
    const scheme = this.#schemeOf(node);
    const { op, inputs, diagnostics } = realNode(node, scheme, this.#forms, {
      perTensor: this.#hasOneScale(node),
      block: this.#options.block,
      products: this.#seen.products,
    });
    const created = this.#copy(
      { ...node, op },
      inputs,
      node.outputs.map(({ type }) => type),
    );
    for (const [index, output] of node.outputs.entries()) this.#forms.set(output, created.outputs[index]);
    for (const diagnostic of diagnostics) this.#report(diagnostic);
  }

  #report(diagnostic: Diagnostic): void {
    this.#diagnostics.push(diagnostic);
  }

  #copy(node: Node, inputs: readonly (Value | undefined)[], outputTypes: readonly ValueType[]): Node {
    const { op, name, origin } = node;
    const attributes = cloneAttributes(node.attributes);
    const outputNames = node.outputs.map((output) => output.name);
    return this.#graph.addNode({ op, inputs, attributes, name, origin, outputNames, outputTypes });
  }

  #weightedInputs(node: Node, rule: WeightsRule, dtype: IntegerType): readonly (Value | undefined)[] {
    const data = node.inputs[slotOf(node, rule.data)]!;
    const x = this.#forms.as(data, dtype);
    const [weights, bias] = [rule.weights, rule.bias].map((name) => node.inputs[slotOf(node, name)]);
    const means = this.#options.biasCorrection === false ? undefined : this.#seen.means.get(data);
    const products = this.#seen.products?.get(weights!);
    const layer = quantizeLayer(node, rule, {
      inputScale: x.type.quantization!.scale[0],
      weightType: rule.halfBytes && this.#schemeOf(node).weights === "i4" ? "i4" : "i8",
      biasType: dtype === "i16" ? "i64" : "i32",
      perTensor: this.#hasOneScale(node),
      rounding: this.#options.rounding ?? "nearest",
      ...(means && { means }),
      ...(products && { products }),
    });
    this.#diagnostics.push(...layer.diagnostics);
    const offset = ({ tensor, quantization }: IntegerConstant) =>
      this.#graph.addConstant(bias?.name ?? `${node.name}.${rule.bias}`, tensor, quantization);
    const inputs = new Array<Value | undefined>(node.op.inputs.length);
    inputs[slotOf(node, rule.data)] = x;
    inputs[slotOf(node, rule.weights)] = this.#forms.stored(weights!, layer.weights);
    inputs[slotOf(node, rule.bias)] = layer.bias ? offset(layer.bias) : bias && this.#forms.as(bias, dtype);
    return inputs;
  }

  #output(output: Value, place: number): Value {
    const kept = this.#states.find((state) => state.place === place);
    const io = this.#io(kept, this.#seen.likeness?.outputs[place]);
    const staysReal = kept === undefined && output.producer && this.#typeOf(output.producer) === "f32";
    if (output.type.dtype !== "f32" || io === "float32" || staysReal) return this.#forms.as(output, "f32");
    const integer = this.#forms.as(output, io === "int16" ? "i16" : "i8", kept !== undefined);
    if (io !== "uint8") return integer;
    const named = { name: `${output.name}_uint8`, origin: output.producer?.origin ?? [] };
    return this.#forms.converted(integer, "u8", asUnsigned(integer.type.quantization!), named);
  }
}
