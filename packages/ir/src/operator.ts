import type { Dimension } from "./dimension.ts";
import type { DType } from "./dtype.ts";
import type { Graph } from "./graph.ts";
import type { Value, ValueType } from "./node.ts";
import type { Quantization } from "./quantization.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Values an attribute may hold. Every attribute of a node is present; there are no defaults left to guess. A graph is the body of
 * an operator that controls what is computed; it belongs to one node, and reads nothing but its own inputs and constants.
 */
export type Attribute = number | string | boolean | readonly number[] | readonly Dimension[] | Graph;
export type Attributes = Readonly<Record<string, Attribute>>;

/** Checks one attribute; `describe` completes the sentence "must be …". */
export interface AttributeSpec<T extends Attribute = Attribute> {
  readonly describe: string;
  accepts(value: Attribute): value is T;
}

/** An input slot: exactly one value, one that may be absent, or all remaining ones. */
export interface InputSpec {
  readonly name: string;
  readonly arity: "one" | "optional" | "many";
  /** Element types allowed; undefined allows all. */
  readonly dtypes?: readonly DType[];
}

/**
 * How integer types reach an operator's values in a quantized graph.
 * - `free`: the result has a range of its own.
 * - `same`: the named inputs and the result share one set of parameters; `rounds` where a result may lie between their steps.
 * - `fixed`: the result's parameters follow from the operator, for a type of the given width.
 * - `index`: inputs may be quantized; the result is plain integers that stand for no real number.
 * - `float`: no integer form exists.
 *
 * `bytes` marks operators that runtimes compute in 8 bits, but not in 16.
 */
export type QuantizationRule =
  | { readonly kind: "free"; readonly weights?: WeightsRule; readonly bytes?: true }
  | { readonly kind: "same"; readonly inputs: readonly string[]; readonly rounds?: boolean; readonly bytes?: true }
  | {
      readonly kind: "fixed";
      readonly parameters: (bits: 8 | 16) => { readonly scale: number; readonly zeroPoint: number };
      readonly bytes?: true;
    }
  | { readonly kind: "index"; readonly bytes?: true }
  | { readonly kind: "stored" }
  | { readonly kind: "float"; readonly why: string };

/** Which input holds constant weights (signed, zero point 0, one scale for each index of `axis`), and which the bias scaled input × weights. */
export interface WeightsRule {
  readonly data: string;
  readonly weights: string;
  readonly bias: string;
  readonly axis: (attributes: Attributes, rank: number) => number;
  /** Whether the weights may be int4. */
  readonly halfBytes?: true;
  /** Operators that compute the same on real data beside weights of a type; rows of int4 ones may have a scale for each of their blocks. */
  readonly dynamic?: Readonly<Partial<Record<"i8" | "i4", () => Operator>>>;
  /**
   * Groups of a layer of which every result sums all products of one slice of the weights, whose last axis meets the last axis of
   * the data; absent where a result sees only some of its weights.
   */
  readonly groups?: (attributes: Attributes) => number | undefined;
  /** Whether results of such a layer at the edges of its data meet zeros beyond them; absent where none ever do. */
  readonly padded?: (attributes: Attributes) => boolean;
  /** What the weights of such a layer meet in its data; absent where `groups` is. */
  readonly patches?: (data: Tensor, weights: readonly number[], attributes: Attributes) => Patches;
}

/** The places of a layer's data at each of which the weights of all output channels are summed up. */
export interface Patches {
  readonly count: number;
  /** Puts what the weights meet at a place into `numbers`: group after group, each in the order of one output channel's weights. */
  read(place: number, numbers: Float64Array): void;
}

/** Work of one node: multiply-accumulates, and bytes read and written. */
export interface Cost {
  readonly macs: number;
}

/**
 * How a node would compute with permuted data: permuted[i] = axis[permutation[i]]; undefined leaves a value as it is.
 * A value with fewer axes than its permutation first gains leading axes of size 1.
 */
export interface Transposed {
  readonly attributes: Attributes;
  readonly inputs: readonly (readonly number[] | undefined)[];
  readonly outputs: readonly (readonly number[] | undefined)[];
}

/** Indices of one axis, from `start` up to, not including, `end`. */
export interface AxisRange {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** How a node would compute a part of its result: of each input the part that it reads then, or undefined for the whole. */
export interface Sliced {
  readonly attributes: Attributes;
  readonly inputs: readonly (AxisRange | undefined)[];
}

/** A graph within a node, and the types that its inputs have where they follow from what the node reads. */
export interface Body {
  readonly graph: Graph;
  readonly inputs: readonly ValueType[];
}

/** What can be asked of an operator. Values of this type come from `defineOp`. */
export interface Operator {
  readonly name: string;
  readonly inputs: readonly InputSpec[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly quantization: QuantizationRule;
  /** Types of the results. Inputs and attributes were checked before. Only `quantize` gives its result a quantization here. */
  infer(inputs: readonly (Value | undefined)[], attributes: Attributes): readonly ValueType[];
  /** The optional inputs that the results are multiplied by and moved by in the end, to which they broadcast; only operators that do so answer. */
  readonly scaling?: { readonly factor: string; readonly offset: string };
  /**
   * Shapes of the results at their largest; only operators answer whose results' sizes depend on what the data holds. Such a size is a
   * symbol of the node's own in the type of its result, which a run binds to what the node gives.
   */
  largest?(inputs: readonly (Value | undefined)[], attributes: Attributes): readonly Shape[];
  /** The node's bodies; only operators that have some answer. */
  bodies?(inputs: readonly (Value | undefined)[], attributes: Attributes): readonly Body[];
  /** Sentences about what is wrong with the inputs or attributes; empty if nothing is. */
  check(inputs: readonly (Value | undefined)[], attributes: Attributes): readonly string[];
  cost(inputs: readonly (Value | undefined)[], outputs: readonly Value[], attributes: Attributes): Cost;
  /** The node on data whose first input is permuted, or undefined if its meaning depends on the order of axes. */
  transposed(
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    permutation: readonly number[],
  ): Transposed | undefined;
  /**
   * The attributes of the node on data that have one axis of size 1 more, before the results' axis `axis`, as the results then have;
   * inputs of fewer axes than the results gain it at the same distance from their end, if they reach that far. Undefined where
   * the operator has no such form.
   */
  widened?(attributes: Attributes, axis: number): Attributes | undefined;
  /** The node that computes only some indices of one axis of its only result, the same numbers; undefined where the operator has no such form. */
  sliced?(inputs: readonly (Value | undefined)[], attributes: Attributes, range: AxisRange): Sliced | undefined;
  /**
   * Computes real-valued results (and integer ones for operators on indices). Undefined for operators that only other
   * stages give meaning to. `types` are those of the inputs: needed where integers are read as the reals they stand for.
   */
  evaluate?(
    inputs: readonly (Tensor | undefined)[],
    attributes: Attributes,
    outputs: readonly ValueType[],
    types?: readonly (ValueType | undefined)[],
  ): readonly Tensor[];
  readonly samples: readonly OperatorSample[];
}

/** A worked example; drives the tests of every runner. */
export interface OperatorSample {
  readonly name: string;
  readonly attributes: Attributes;
  readonly inputs: readonly (Tensor | undefined)[];
  /** How inputs stand for real numbers, where an operator reads them so. */
  readonly quantizations?: readonly (Quantization | undefined)[];
  readonly outputs: readonly Tensor[];
}
