import {
  dataTypeOf,
  encodeTensor,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxNumberType,
  type OnnxTensor,
  type OnnxValueInfo,
} from "@millrace/formats/onnx";
import { type DType, fromNumbers, type Graph, type Node, type Tensor, type Value, type ValueType } from "@millrace/ir";

/** Plain attribute values; lists of numbers are written as ints unless given as `{ floats }`. */
export type OnnxAttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly graph: OnnxGraph };

/** ONNX codes of element types. */
export const dataTypeCodes: Readonly<Record<DType, number>> = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  u64: 13,
  bf16: 16,
  u4: 21,
  i4: 22,
  u2: 25,
  i2: 26,
};

/** Collects the nodes and initializers of an ONNX graph; names are unique, also among those of the graphs within it. */
export class OnnxEmitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly opset: number;
  readonly #names: Set<string>;
  readonly #written = new Map<Value, string>();
  readonly #lower: OnnxLowering;

  /** `lower` writes any node. */
  constructor(lower: OnnxLowering, opset: number, names: Set<string> = new Set()) {
    this.#lower = lower;
    this.opset = opset;
    this.#names = names;
  }

  /** Lets a value go by a name that there is already. */
  bind(value: Value, name: string): void {
    this.#written.set(value, name);
  }

  /** Writes a graph's nodes, and its outputs under the given names. */
  graph(graph: Graph, outputs: readonly string[]): void {
    for (const node of graph.nodes()) {
      this.#lower(
        node,
        this,
        node.outputs.map((output) => this.read(output)),
      );
    }
    for (const [index, output] of graph.outputs.entries())
      this.node("Identity", [this.read(output)], {}, [outputs[index]]);
  }

  /** A graph for an attribute, which may read all names of this one. `write` gives the names and types of its outputs. */
  within(
    name: string,
    inputs: readonly OnnxValueInfo[],
    write: (emit: OnnxEmitter) => readonly OnnxValueInfo[],
  ): OnnxGraph {
    const emit = new OnnxEmitter(this.#lower, this.opset, this.#names);
    const outputs = write(emit);
    const { nodes, initializers } = emit;
    return { name, nodes, initializers, sparseInitializers: [], valueInfos: [], inputs, outputs };
  }

  /** Reserves a name, with a number behind it where it is taken. */
  name(base: string): string {
    let candidate = base;
    for (let count = 1; this.#names.has(candidate); count++) candidate = `${base}__${count}`;
    this.#names.add(candidate);
    return candidate;
  }

  /** The ONNX name of a value; constants become initializers when first read. */
  read(value: Value | undefined): string {
    if (value === undefined) return "";
    const known = this.#written.get(value);
    if (known !== undefined) return known;
    const name = value.constant ? this.constant(value.name, value.constant) : this.name(value.name);
    this.#written.set(value, name);
    return name;
  }

  constant(base: string, tensor: Tensor): string {
    const name = this.name(base);
    const dataType = dataTypeOf(dataTypeCodes[tensor.dtype]) as OnnxNumberType;
    this.initializers.push(encodeTensor(name, { dataType, dims: tensor.shape, data: tensor.data }));
    return name;
  }

  /** A vector of int64, for shapes, axes and the like. */
  integers(base: string, values: readonly number[]): string {
    return this.constant(base, fromNumbers("i64", [values.length], values));
  }

  /** A reduction over known axes, which all but ReduceSum have as an attribute before opset 18; over no axis at all it gives its data. */
  reduction(
    opType: string,
    x: string,
    axes: readonly number[],
    keepDims: boolean,
    outputs?: readonly string[],
  ): string {
    const keepdims = Number(keepDims);
    if (axes.length === 0) return this.node("Identity", [x], {}, outputs);
    if (this.opset < 18 && opType !== "ReduceSum") return this.node(opType, [x], { axes, keepdims }, outputs);
    return this.node(opType, [x, this.integers("axes", axes)], { keepdims }, outputs);
  }

  /** A float scalar in `like`'s element type. */
  scalar(base: string, value: number, dtype: DType = "f32"): string {
    return this.constant(base, fromNumbers(dtype, [], [value]));
  }

  /** Adds a node and returns the names of its outputs; without `outputs` there is one with a fresh name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttributeValue>> = {},
    outputs?: readonly string[],
  ): string {
    const names = outputs ?? [this.name(opType.toLowerCase())];
    const trimmed = inputs.slice(0, inputs.findLastIndex((input) => input !== "") + 1);
    this.nodes.push({
      name: this.name(`${names[0]}.${opType}`),
      opType,
      domain: "",
      inputs: trimmed,
      outputs: names,
      attributes: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
    });
    return names[0];
  }
}

/** Writes one node of the IR: adds ONNX nodes whose last ones make `outputs`. */
export type OnnxLowering = (node: Node, emit: OnnxEmitter, outputs: readonly string[]) => void;

/** An operator that ONNX can't express, and why. */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(why: string): Unsupported {
  return { unsupported: why };
}

function encodeAttribute(name: string, value: OnnxAttributeValue): OnnxAttribute {
  if (typeof value === "string") return { name, type: 3, string: new TextEncoder().encode(value) };
  if (typeof value === "number") return { name, type: 2, int: value };
  if ("graph" in value) return { name, type: 5, graph: value.graph };
  if ("float" in value) return { name, type: 1, float: value.float };
  return { name, type: 7, ints: [...value] };
}

/** What ONNX says of a value by name. */
export function valueInfo(name: string, type: ValueType): OnnxValueInfo {
  const dims = type.shape.map((size) => (typeof size === "number" ? { value: size } : { param: size }));
  return { name, type: { tensor: { elementType: dataTypeCodes[type.dtype], shape: { dims } } } };
}
