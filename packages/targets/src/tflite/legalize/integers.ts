import type { DType, Graph, Node, Operator, Value, ValueType } from "@millrace/ir";
import * as ops from "@millrace/ops";
import { type Pass, rewrite } from "@millrace/passes";

type Types = Readonly<Partial<Record<DType, DType>>>;

/** Types that only CAST takes, and those that hold their numbers and most operators take. */
const unsigned: Types = { u16: "i32", u32: "i64" };

/** Types that TFLite's arithmetic takes for quantized data, whose scale it would look for. */
const narrow: Types = { ...unsigned, i8: "i32", u8: "i32", i16: "i32" };

const arithmetic: readonly Operator[] = [
  ops.add,
  ops.sub,
  ops.mul,
  ops.div,
  ops.equal,
  ops.notEqual,
  ops.less,
  ops.lessEqual,
  ops.greater,
  ops.greaterEqual,
  ops.abs,
  ops.squaredDifference,
  ops.sum,
  ops.mean,
  ops.reduceProd,
];

function widerTypes(op: Operator): Types {
  return arithmetic.includes(op) ? narrow : unsigned;
}

function isWidened(op: Operator, { dtype, quantization }: ValueType): boolean {
  return dtype in widerTypes(op) && quantization === undefined;
}

/** Whether the operator takes the wider integers, and gives none that it would not take. */
function worksWider({ op, inputs, attributes }: Node): boolean {
  const wider = inputs.map((value) => value && { ...value, type: widerType(op, value.type) });
  return op.check(wider, attributes).length === 0 && !op.infer(wider, attributes).some((type) => isWidened(op, type));
}

function widerType(op: Operator, type: ValueType): ValueType {
  return isWidened(op, type) ? { ...type, dtype: widerTypes(op)[type.dtype]! } : type;
}

/** What works on integers that its kernel has not, or has for quantized data only, works on wider ones between casts. */
export const widenIntegers = rewrite("tflite-widen-integers", {
  roots: [...ops.operators.values()].filter((op) => op !== ops.cast),
  find: (node) =>
    [...node.inputs, ...node.outputs].some((value) => value && isWidened(node.op, value.type)) && worksWider(node)
      ? {}
      : undefined,
  replace: (_, node, graph) => workIn((type) => widerType(node.op, type).dtype, node, graph),
});

const narrowed: readonly Operator[] = [ops.div, ops.pow];

/** Quotients and powers of 64-bit integers, which TFLite has not, are taken in 32 bits. */
export const divideIn32Bits: Pass = {
  name: "tflite-divide-in-32-bits",
  run(graph, { report }) {
    let changes = 0;
    for (const node of graph.nodes()) {
      if (!narrowed.includes(node.op) || node.outputs[0].type.dtype !== "i64") continue;
      report({
        code: "tflite.division-in-32-bits",
        severity: "warning",
        message: `${node.name} (${node.op.name}) takes the lower 32 bits of its 64-bit integers, since TFLite has the operator for no more`,
        at: { node: node.name },
        hint: "nothing needs to be done unless the numbers are beyond 2,147,483,647",
      });
      workIn(({ dtype }) => (dtype === "i64" ? "i32" : dtype), node, graph);
      changes++;
    }
    return changes;
  },
};

/** Puts a node between casts: its operands get the types that `typeOf` says, and its results are cast back. */
function workIn(typeOf: (type: ValueType) => DType, node: Node, graph: Graph): void {
  const { origin, op, attributes } = node;
  const converted = (value: Value, to: DType, name: string) => {
    if (value.type.dtype === to) return value;
    if (value.constant) return graph.addConstant(name, ops.cast.evaluate!([value.constant], { to }, [])[0]);
    return graph.addNode({ op: ops.cast, inputs: [value], attributes: { to }, name, origin, before: node }).outputs[0];
  };
  const inputs = node.inputs.map((value) => {
    const to = value && typeOf(value.type);
    return to && converted(value, to, `${value.name}/${to}`);
  });
  const made = graph.addNode({ op, inputs, attributes, name: `${node.name}/cast`, origin, before: node });
  for (const [index, { name, type }] of node.outputs.entries())
    graph.replaceUses(node.outputs[index], converted(made.outputs[index], type.dtype, name));
  graph.removeNode(node);
}
