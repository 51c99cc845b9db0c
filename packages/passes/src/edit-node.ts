import type { Attributes, Graph, Node, Operator, Quantization, Tensor, Value, ValueType } from "@millrace/ir";

/** Element type and quantization of a result; its shape is inferred. */
export type Kind = Pick<ValueType, "dtype" | "quantization">;

/** Puts other nodes in the place of one node with one result. */
export interface Edit {
  /** A constant named after the result. */
  constant(label: string, tensor: Tensor, quantization?: Quantization): Value;
  /** A node before the one to be replaced. */
  step(op: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes, kind: Kind): Value;
  /** The node that makes the result, which keeps its name and kind. The old node is gone afterwards. */
  finish(op: Operator, inputs: readonly (Value | undefined)[], attributes: Attributes): void;
}

export function edit(graph: Graph, node: Node): Edit {
  const [result] = node.outputs;
  const { name } = result;
  const add = (
    label: string,
    op: Operator,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    kind: Kind,
  ) => {
    const [{ shape }] = op.infer(inputs, attributes);
    const { dtype, quantization } = kind;
    const type: ValueType = { dtype, shape, ...(quantization && { quantization }) };
    const { origin } = node;
    return graph.addNode({ op, inputs, attributes, name: label, origin, outputTypes: [type], before: node }).outputs[0];
  };
  return {
    constant: (label, tensor, quantization) => graph.addConstant(`${name}/${label}`, tensor, quantization),
    step: (op, inputs, attributes, kind) => add(`${name}/${op.name}`, op, inputs, attributes, kind),
    finish(op, inputs, attributes) {
      const made = add(node.name, op, inputs, attributes, result.type);
      graph.replaceUses(result, made);
      graph.removeNode(node);
      graph.rename(made, name);
    },
  };
}

/** Sizes of a value that are known to be known. */
export function sizesOf({ type }: Value): readonly number[] {
  return type.shape as readonly number[];
}
