import {
  type Graph,
  invertPermutation,
  isIdentityPermutation,
  type Node,
  permute,
  type Quantization,
  reshapeTensor,
  type Shape,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { reshape, transpose, transposeTensor } from "@millrace/ops";
import { producedBy } from "../rewrite.ts";

/** Whether permuting this shape leaves the order of elements as it is, because only axes of size 1 move. */
export function movesNothing(shape: Shape, permutation: readonly number[]): boolean {
  const sized = permutation.filter((axis) => shape[axis] !== 1);
  return sized.every((axis, at) => at === 0 || sized[at - 1] < axis);
}

/** The permutation that `first` and then `second` make. */
export function composePermutations(first: readonly number[], second: readonly number[]): number[] {
  return permute(first, second);
}

/** The type of a value after a transpose. */
export function permutedType({ dtype, shape, quantization }: ValueType, permutation: readonly number[]): ValueType {
  const moved = quantization && permutedQuantization(quantization, permutation, 0);
  return { dtype, shape: permute(shape, permutation), ...(moved && { quantization: moved }) };
}

/** `missing` axes of size 1 are put in front of those that the quantization counts. */
function permutedQuantization(quantization: Quantization, permutation: readonly number[], missing: number) {
  const { axis } = quantization;
  if (axis === undefined) return quantization;
  return { ...quantization, axis: invertPermutation(permutation)[axis + missing] };
}

/** Makes values in another order of axes, each once; constants and earlier transposes are folded. */
export class Permuter {
  readonly #graph: Graph;
  readonly #made = new Map<Value, Map<string, Value>>();
  /** Orders in which transposes of the graph give values. */
  readonly #given = new Map<Value, Set<string>>();

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const { op, inputs, attributes } of graph.nodes()) {
      if (op === transpose) this.#note(inputs[0]!, attributes["permutation"] as readonly number[]);
    }
  }

  /** Whether a transpose gives the value in this order already; there may be a second one until duplicates are merged. */
  gives(value: Value, permutation: readonly number[]): boolean {
    return this.#given.get(value)?.has(permutation.join()) ?? false;
  }

  #note(value: Value, permutation: readonly number[]): void {
    const orders = this.#given.get(value) ?? new Set();
    this.#given.set(value, orders.add(permutation.join()));
  }

  /** `value` with its axes permuted, computed before `before`. Constants of lower rank are widened to the permutation's rank first. */
  permuted(value: Value, permutation: readonly number[], before: Node): Value {
    if (isIdentityPermutation(permutation)) return value;
    if (value.constant) return this.#constant(value, permutation);
    const earlier = producedBy(value, transpose);
    if (earlier) {
      const whole = composePermutations(transpose.attributesOf(earlier).permutation, permutation);
      return this.permuted(earlier.inputs[0]!, whole, before);
    }
    return this.#remember(value, permutation, () => this.#node(value, permutation, before));
  }

  #node(value: Value, permutation: readonly number[], before: Node): Value {
    const { producer } = value;
    const type = permutedType(value.type, permutation);
    const plain = movesNothing(value.type.shape, permutation);
    const first = this.#graph.nodes().next().value ?? before;
    return this.#graph.addNode({
      op: plain ? reshape : transpose,
      inputs: [value],
      attributes: plain ? { shape: type.shape } : { permutation: [...permutation] },
      name: `${value.name}_${plain ? "reshaped" : "transposed"}`,
      origin: producer?.origin ?? [],
      outputTypes: [type],
      before: producer ? (this.#graph.after(producer) ?? before) : first,
    }).outputs[0];
  }

  #constant(value: Value, permutation: readonly number[]): Value {
    return this.#remember(value, permutation, () => {
      const tensor = value.constant!;
      const missing = permutation.length - tensor.shape.length;
      const wide = reshapeTensor(tensor, [...new Array<number>(missing).fill(1), ...tensor.shape]);
      const moved = movesNothing(wide.shape, permutation)
        ? reshapeTensor(wide, permute(wide.shape, permutation))
        : transposeTensor(wide, permutation);
      const { quantization } = value.type;
      const kept = quantization && permutedQuantization(quantization, permutation, missing);
      return this.#graph.addConstant(value.name, moved, kept);
    });
  }

  #remember(value: Value, permutation: readonly number[], make: () => Value): Value {
    const made = this.#made.get(value) ?? new Map<string, Value>();
    this.#made.set(value, made);
    const key = permutation.join();
    const known = made.get(key);
    if (known && (known.producer === undefined || this.#graph.contains(known.producer))) return known;
    const result = make();
    made.set(key, result);
    this.#note(value, permutation);
    return result;
  }
}
