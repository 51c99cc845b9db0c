import { fromNumbers, type Graph, numbersOf, type Quantization, sameQuantization, type Value } from "@millrace/ir";
import { cast, dequantize, quantize } from "@millrace/ops";
import { quantizeConstant } from "@millrace/passes";
import type { Assignment, Basis } from "./groups.ts";
import { activationParameters } from "./parameters.ts";
import { rangeOf } from "./range.ts";
import type { ActivationType, IntegerType } from "./scheme.ts";
import type { IntegerConstant } from "./weighted-layer.ts";

/** Names of the types in the names of values. */
const typeNames = { i8: "int8", i16: "int16", u8: "uint8" } as const;

/** Values of a float graph as its integer graph has them: as reals, in each integer type that someone reads them in, or several of these. */
export class ValueForms {
  readonly #graph: Graph;
  readonly #assignments: Readonly<Record<IntegerType, Assignment>>;
  readonly #forms = new Map<Value, Map<string, Value>>();
  /** What the source value became first; its other forms are made from this one. */
  readonly #produced = new Map<Value, Value>();
  /** Values that are wanted as integers, and of which nothing tells how these stand for reals. */
  readonly unknown = new Set<Value>();

  constructor(graph: Graph, assignments: Readonly<Record<IntegerType, Assignment>>) {
    this.#graph = graph;
    this.#assignments = assignments;
  }

  /** How a value stands for reals in a type: its group's way where that differs from its own and `shared` is asked for. */
  parameters(value: Value, dtype: IntegerType, shared = false): Quantization {
    const { parameters, requantized, bases } = this.#assignments[dtype];
    if (bases.get(value) === "nothing") this.unknown.add(value);
    const known = (shared && requantized.get(value)) || parameters.get(value);
    return known ?? activationParameters(rangeOf(value.constant ? numbersOf(value.constant) : []), dtype);
  }

  /** What a value's parameters in a type follow from. */
  basis(value: Value, dtype: IntegerType): Basis {
    return this.#assignments[dtype].bases.get(value) ?? "samples";
  }

  /** Tells what a source value became. */
  set(value: Value, made: Value): void {
    this.#produced.set(value, made);
    this.#formsOf(value).set(keyOf(made), made);
  }

  /** The value in a type, made where it is not there yet; values that are no reals stay what they are. */
  as(value: Value, dtype: ActivationType, shared = false): Value {
    if (value.type.dtype !== "f32" || dtype === "f32") return this.#real(value);
    const quantization = this.parameters(value, dtype, shared);
    return this.#form(value, keyOf({ type: { dtype, quantization } }), () => {
      if (value.constant)
        return this.#graph.addConstant(
          value.name,
          quantizeConstant(value.constant, { dtype, quantization }),
          quantization,
        );
      const own = sameQuantization(quantization, this.parameters(value, dtype));
      return this.converted(own ? this.#produced.get(value)! : this.as(value, dtype), dtype, quantization, {
        name: `${value.name}_${own ? typeNames[dtype] : "requantized"}`,
        origin: value.producer?.origin ?? [],
      });
    });
  }

  /** A constant's integers, made once for all that read it in the same way. */
  stored(value: Value, { tensor, quantization }: IntegerConstant): Value {
    const key = keyOf({ type: { dtype: tensor.dtype, quantization } });
    return this.#form(value, key, () => this.#graph.addConstant(value.name, tensor, quantization));
  }

  /** A real constant that is stored in 16 bits and made wide again when it is read. */
  halved(value: Value): Value {
    return this.#form(value, "halved", () => {
      const { name, constant } = value;
      const stored = fromNumbers("f16", constant!.shape, numbersOf(constant!));
      const inputs = [this.#graph.addConstant(name, stored)];
      return this.#graph.addNode({ op: cast, inputs, attributes: { to: "f32" }, name: `${name}_wide` }).outputs[0];
    });
  }

  /** Adds a node that makes integers of reals or of other integers. */
  converted(
    value: Value,
    dtype: keyof typeof typeNames,
    { scale, zeroPoint }: Quantization,
    { name, origin }: { readonly name: string; readonly origin: readonly string[] },
  ): Value {
    const attributes = { dtype, scale, zeroPoint, axis: -1, rounding: "away" };
    return this.#graph.addNode({ op: quantize, inputs: [value], attributes, name, origin }).outputs[0];
  }

  #real(value: Value): Value {
    return this.#form(value, keyOf(value), () => {
      if (value.constant) return this.#graph.addConstant(value.name, value.constant, value.type.quantization);
      return this.#graph.addNode({
        op: dequantize,
        inputs: [this.#produced.get(value)!],
        attributes: {},
        name: `${value.name}_float`,
        origin: value.producer?.origin ?? [],
      }).outputs[0];
    });
  }

  #form(value: Value, key: string, make: () => Value): Value {
    const forms = this.#formsOf(value);
    const known = forms.get(key) ?? make();
    forms.set(key, known);
    return known;
  }

  #formsOf(value: Value): Map<string, Value> {
    const forms = this.#forms.get(value) ?? new Map<string, Value>();
    this.#forms.set(value, forms);
    return forms;
  }
}

function keyOf({ type: { dtype, quantization } }: { readonly type: Pick<Value["type"], "dtype" | "quantization"> }) {
  if (quantization === undefined) return dtype;
  const { scale, zeroPoint, axis, block } = quantization;
  return `${dtype} ${axis} ${block} ${scale} ${zeroPoint}`;
}
