import type { OnnxDataType, OnnxGraph } from "@millrace/formats/onnx";
import type { DType, Tensor, Value, ValueType } from "@millrace/ir";
import type { Builder, Naming } from "./builder.ts";
import type { Body } from "./captures.ts";
import type { Item } from "./scope.ts";
import type { StoredTensor } from "./tensors.ts";

/** What a node gives; `absent` is an optional without content. */
export type Result = Item | "absent";

/** What surrounds a node when it is imported. */
export interface Surroundings {
  readonly builder: Builder;
  /** Version of the operator set the node belongs to. */
  readonly opset: number;
  readonly naming: Naming;
  readonly inputs: readonly (Item | undefined)[];
  /** The shape that the model states for a result, if it states all of its sizes. */
  statedShape(output: number): readonly number[] | undefined;
  /** Elements of a tensor in an attribute. */
  decode(tensor: StoredTensor): Tensor;
  /** The element type that the code `code` in the file becomes. */
  elementType(code: number): DType;
  /** Remembers that the source states the type `code` for a value. */
  noteType(value: Value, code: number): void;
  /** The type the source states for a value, as far as it is known. */
  sourceType(value: Value): OnnxDataType | undefined;
  /** Adds what the user should know to the import's diagnostics; the sentence goes on from the node's name. */
  inform(code: string, sentence: string, hint: string): void;
  /** Writes out a graph of an attribute for its inputs and gives its results; the names of its values begin with `name`. */
  inline(graph: OnnxGraph, inputs: readonly (Item | undefined)[], name?: string): readonly Result[];
  /** Makes a body of a graph of an attribute, with inputs of the types given and then inputs for the values `captured`. */
  body(graph: OnnxGraph, types: readonly ValueType[], captured: readonly Value[]): Body;
}
