import type { DType } from "./dtype.ts";
import type { Attributes, Operator } from "./operator.ts";
import type { Quantization } from "./quantization.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Element type, shape and, for integers that stand for real numbers, how they do. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly quantization?: Quantization;
}

/** A tensor that flows through the graph: an input, a constant or a node's result. */
export interface Value {
  readonly name: string;
  readonly type: ValueType;
  readonly constant?: Tensor;
  readonly producer?: Node;
  /** Every place that reads it; a graph output is a use by the graph's `results` node. */
  readonly uses: ReadonlySet<Use>;
}

/** One reading of a value: `user.inputs[index]`. */
export interface Use {
  readonly user: Node;
  readonly index: number;
}

export interface Node {
  readonly op: Operator;
  /** Name shown to people, from the source model. */
  readonly name: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** Names of the source nodes this one came from. */
  readonly origin: readonly string[];
}

/**
 * A tensor that a model keeps from run to run, by names: in the first run the input is `initial`, or stands for zeros without
 * it; in each later one it is what the graph's output of that name (as its user knows it) was in the run before.
 */
export interface State {
  readonly input: string;
  readonly output: string;
  readonly initial?: Tensor;
}

/** What a new node is made of. Output types are inferred unless given. */
export interface NodeInit {
  readonly op: Operator;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly name?: string;
  readonly origin?: readonly string[];
  readonly outputNames?: readonly string[];
  readonly outputTypes?: readonly ValueType[];
  /** Node to insert before; at the end without it. */
  readonly before?: Node;
}
