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

/** Makes values in another order of axes, each once; constants and earlier transposes are folded. */
export class Permuter {
  readonly #graph: Graph;
  readonly #made = new Map<Value, Map<string, Value>>();

  constructor(graph: Graph) {
    this.#graph = graph;
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
    const shape = permute(value.type.shape, permutation);
    const plain = movesNothing(value.type.shape, permutation);
    const op = plain ? reshape : transpose;
    const origin = value.producer?.origin ?? [];
    const place = value.producer === undefined ? first(this.#graph) : (this.#graph.after(value.producer) ?? before);
    const node = this.#graph.addNode({
      op,
      inputs: [value],
      attributes: plain ? { shape } : { permutation: [...permutation] },
      name: `${value.name}_${plain ? "reshaped" : "transposed"}`,
      origin,
      ...(place && { before: place }),
    });
    return node.outputs[0];
  }

  #constant(value: Value, permutation: readonly number[]): Value {
    return this.#remember(value, permutation, () => {
      const tensor = value.constant!;
      const missing = permutation.length - tensor.shape.length;
      const wide = reshapeTensor(tensor, [...new Array<number>(missing).fill(1), ...tensor.shape]);
      const moved = movesNothing(wide.shape, permutation)
        ? reshapeTensor(wide, permute(wide.shape, permutation))
        : transposeTensor(wide, permutation);
      return this.#graph.addConstant(
        value.name,
        moved,
        movedQuantization(value.type.quantization, permutation, missing),
      );
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
    return result;
  }
}

function movedQuantization(quantization: Quantization | undefined, permutation: readonly number[], missing: number) {
  if (quantization?.axis === undefined) return quantization;
  return { ...quantization, axis: invertPermutation(permutation)[quantization.axis + missing] };
}

function first(graph: Graph): Node | undefined {
  return graph.nodes().next().value ?? undefined;
}
