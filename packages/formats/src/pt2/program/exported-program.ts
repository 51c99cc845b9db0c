import type { ScalarType } from "../tensors/scalar-type.ts";
import type { SymbolicExpression } from "./symbolic-expression.ts";

/**
 * A program of torch.export as plain objects: the dataclasses of torch/_export/serde/schema.py (versions 2 to 8) in camel case.
 *
 * What the schema spells in several ways has one form here: a value that is known or symbolic, an optional tensor that is there or not.
 */

/** A 64-bit integer: a number while that is exact (|value| < 2^53), a bigint beyond. */
export type Integer = number | bigint;

export interface ExportedProgram {
  readonly schemaVersion: { readonly major: number; readonly minor: number };
  /** The version of torch that wrote the file, or "" where it does not say. */
  readonly torchVersion: string;
  /** The dialects the writer has verified: `TRAINING` (composite operators, in-place ones too), `ATEN` (functional core), `EDGE`. */
  readonly verifiers: readonly string[];
  /** Versions of operator sets by namespace, such as `aten`. */
  readonly opsetVersions: ReadonlyMap<string, Integer>;
  /** Bounds of symbols by name. */
  readonly rangeConstraints: ReadonlyMap<string, RangeConstraint>;
  /** Conditions on inputs, as Python expressions. */
  readonly guards: readonly string[];
  readonly graph: Graph;
  readonly signature: GraphSignature;
  readonly moduleCalls: readonly ModuleCall[];
}

/** Inclusive; a bound that is missing is none. */
export interface RangeConstraint {
  readonly minimum?: Integer;
  readonly maximum?: Integer;
}

/** Names are unique among the tensors and symbolic values of one graph; the maps give the type of each. */
export interface Graph {
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Argument[];
  readonly nodes: readonly Node[];
  readonly tensorValues: ReadonlyMap<string, TensorMeta>;
  readonly symIntValues: ReadonlyMap<string, SymInt>;
  readonly symFloatValues: ReadonlyMap<string, SymFloat>;
  readonly symBoolValues: ReadonlyMap<string, SymBool>;
  readonly customObjectValues: ReadonlyMap<string, CustomObject>;
  /** Of a body of a higher-order operator: whether it gives one tensor instead of a list. */
  readonly isSingleTensorReturn: boolean;
}

export interface Node {
  /** Such as `torch.ops.aten.conv2d.default`, `torch.ops.higher_order.cond` or `_operator.mul`. */
  readonly target: string;
  /** The name of the node, which files before schema 8.6 or so do not have. */
  readonly name?: string;
  /** Arguments that have their schema's default are left out. */
  readonly inputs: readonly NamedArgument[];
  /** One for each result; an operator that returns a list has one of kind `tensors`. */
  readonly outputs: readonly Argument[];
  readonly metadata: NodeMetadata;
  /** Of a higher-order operator: whether its result is a tensor instead of a list. */
  readonly isSingleTensorReturn?: boolean;
}

export interface NamedArgument {
  /** As the operator's schema calls it; "" among the inputs of higher-order operators. */
  readonly name: string;
  readonly value: Argument;
  /** How it was passed, where the file says so. */
  readonly passing?: "positional" | "keyword";
}

export interface NodeMetadata {
  /** Lines of the user's source, outermost call first, as Python prints them. */
  readonly stackTrace?: string;
  /** The modules that contain the node, outermost first. */
  readonly moduleStack: readonly ModuleFrame[];
  /** Such as `conv2d_1;builtin_function_or_method.conv2d`. */
  readonly torchFunction?: string;
  /** Everything the file has, by its own key. */
  readonly entries: ReadonlyMap<string, string>;
}

export interface ModuleFrame {
  /** The exporter's own key, unique for each call of a module. */
  readonly key: string;
  /** The qualified name in the model, such as `stem.0`, which is "" for the model itself. */
  readonly path: string;
  /** The qualified name of the class, such as `torch.nn.modules.conv.Conv2d`. */
  readonly type: string;
}

/**
 * An operator's argument, a graph's input or output, or a node's result. Where a value may be symbolic, a string is the name of one of
 * the graph's symbolic values. An optional tensor is of kind `tensor` or `none`.
 */
export type Argument =
  | { readonly kind: "none" }
  | { readonly kind: "tensor"; readonly name: string }
  | { readonly kind: "tensors"; readonly names: readonly string[] }
  | { readonly kind: "optionalTensors"; readonly names: readonly (string | undefined)[] }
  | { readonly kind: "nestedTensors"; readonly names: readonly (readonly string[])[] }
  | { readonly kind: "int"; readonly value: Integer | string }
  | { readonly kind: "ints"; readonly values: readonly (Integer | string)[] }
  | { readonly kind: "intLists"; readonly values: readonly (readonly Integer[])[] }
  | { readonly kind: "float"; readonly value: number | string }
  | { readonly kind: "floats"; readonly values: readonly (number | string)[] }
  | { readonly kind: "floatLists"; readonly values: readonly (readonly number[])[] }
  | { readonly kind: "complex"; readonly real: number; readonly imaginary: number }
  | { readonly kind: "bool"; readonly value: boolean | string }
  | { readonly kind: "bools"; readonly values: readonly (boolean | string)[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "strings"; readonly values: readonly string[] }
  | { readonly kind: "scalarType"; readonly value: ScalarType }
  | { readonly kind: "memoryFormat"; readonly value: MemoryFormat }
  | { readonly kind: "layout"; readonly value: Layout }
  | { readonly kind: "device"; readonly device: Device }
  | { readonly kind: "graph"; readonly name: string; readonly graph: Graph }
  | { readonly kind: "customObject"; readonly object: CustomObject }
  | { readonly kind: "operator"; readonly name: string }
  | { readonly kind: "dictionary"; readonly entries: ReadonlyMap<string, Argument> };

export type ArgumentOf<Kind extends Argument["kind"]> = Extract<Argument, { readonly kind: Kind }>;

export type MemoryFormat = "unknown" | "contiguous" | "channelsLast" | "channelsLast3d" | "preserve";
export type Layout =
  | "unknown"
  | "sparseCoo"
  | "sparseCsr"
  | "sparseCsc"
  | "sparseBsr"
  | "sparseBsc"
  | "mkldnn"
  | "strided";

export interface Device {
  readonly type: string;
  readonly index?: Integer;
}

export interface CustomObject {
  readonly name: string;
  /** The qualified name of its class, or "" where an old file does not say. */
  readonly type: string;
}

export interface TensorMeta {
  readonly scalarType: ScalarType;
  readonly sizes: readonly SymInt[];
  readonly strides: readonly SymInt[];
  readonly storageOffset: SymInt;
  readonly requiresGrad: boolean;
  readonly device: Device;
  readonly layout: Layout;
}

/** A value that is computed from symbols, and what it was in the example that the model was exported with. */
export interface Symbolic<Value> {
  readonly expression: SymbolicExpression;
  readonly hint?: Value;
}

export type SymInt = Integer | Symbolic<Integer>;
export type SymFloat = number | Symbolic<number>;
export type SymBool = boolean | Symbolic<boolean>;

/** What the graph's inputs and outputs are, in their order. */
export interface GraphSignature {
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
}

/** `value` is the graph's input; `target` is the qualified name of what it stands for in the state dict or among the constants. */
export type InputSpec =
  | { readonly kind: "userInput"; readonly value: Argument }
  | { readonly kind: "parameter"; readonly value: string; readonly target: string }
  | { readonly kind: "buffer"; readonly value: string; readonly target: string; readonly persistent: boolean }
  | { readonly kind: "tensorConstant"; readonly value: string; readonly target: string }
  | { readonly kind: "customObject"; readonly value: string; readonly target: string }
  | { readonly kind: "constantInput"; readonly value: string; readonly constant: Argument }
  | { readonly kind: "token"; readonly value: string };

/** `value` is the graph's output; `target` is the qualified name of what it replaces or belongs to, or the name of a user input. */
export type OutputSpec =
  | { readonly kind: "userOutput"; readonly value: Argument }
  | {
      readonly kind:
        | "bufferMutation"
        | "parameterMutation"
        | "userInputMutation"
        | "parameterGradient"
        | "userInputGradient";
      readonly value: string;
      readonly target: string;
    }
  | { readonly kind: "loss" | "token"; readonly value: string };

/** A module that the model calls; `forwardArguments` are the names of its inputs where the file has them (the model's own has ""). */
export interface ModuleCall {
  readonly path: string;
  /** Structures of nested inputs and outputs, as torch.utils._pytree writes them in JSON. */
  readonly inputStructure?: string;
  readonly outputStructure?: string;
  readonly forwardArguments: readonly string[];
}
