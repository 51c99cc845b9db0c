import { bitsOf, type DType, fromNumbers, isFloat, type Node, type Value, type ValueType } from "@millrace/ir";
import { add, cast, floorMod, operators, sub } from "@millrace/ops";
import { rewrite } from "@millrace/passes";
import { edit } from "./edit.ts";

/** CAST goes from and to types of less than a byte by way of float32 only. It clamps where our own wraps, so numbers are wrapped before. */
export const castThroughFloat = rewrite("tflite-cast-through-float", {
  roots: [cast],
  find(node) {
    const [from, to] = [node.inputs[0]!.type.dtype, node.outputs[0].type.dtype];
    const isWide = bitsOf(from) < 8 && to !== "f32";
    return isWide || (bitsOf(to) < 8 && !isWrapped(node)) ? { from, to } : undefined;
  },
  replace({ from, to }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const converted = (value: Value, dtype: DType) =>
      value.type.dtype === dtype ? value : step(cast, [value], { to: dtype }, { dtype });
    if (bitsOf(to) >= 8) return finish(cast, [converted(x!, "f32")], { to });
    const whole = isFloat(from) ? converted(converted(x!, "i32"), "f32") : converted(x!, "f32");
    const range = 2 ** bitsOf(to);
    const lowest = constant("lowest", fromNumbers("f32", [], [to.startsWith("u") ? 0 : -range / 2]));
    const count = constant("count", fromNumbers("f32", [], [range]));
    const offset = step(sub, [whole, lowest], plain, { dtype: "f32" });
    const wrapped = step(floorMod, [offset, count], {}, { dtype: "f32" });
    finish(cast, [step(add, [wrapped, lowest], plain, { dtype: "f32" })], { to });
  },
});

const plain = { activation: "none" };

/** Whether what is cast comes from the steps that wrap it. */
function isWrapped({ inputs: [x], outputs: [result] }: Node): boolean {
  const sum = x?.producer;
  const range = sum?.inputs[0]?.producer?.inputs[1]?.constant;
  return (
    sum?.op === add && sum.inputs[0]?.producer?.op === floorMod && range?.data[0] === 2 ** bitsOf(result.type.dtype)
  );
}

/** Types that only CAST takes, and those that hold their numbers and every operator takes. */
const widerTypes: Readonly<Partial<Record<DType, DType>>> = { u16: "i32", u32: "i64" };

function isUnsigned({ dtype, quantization }: ValueType): boolean {
  return dtype in widerTypes && quantization === undefined;
}

/** Whether the operator takes the wider integers, and gives none without a sign for them. */
function worksWider({ op, inputs, attributes }: Node): boolean {
  const wider = inputs.map((value) => value && { ...value, type: widerType(value.type) });
  return op.check(wider, attributes).length === 0 && !op.infer(wider, attributes).some(isUnsigned);
}

function widerType(type: ValueType): ValueType {
  return isUnsigned(type) ? { ...type, dtype: widerTypes[type.dtype]! } : type;
}

/** What works on 16 and 32 bits without a sign works on the next wider integers between casts. */
export const widenUnsigned = rewrite("tflite-widen-unsigned", {
  roots: [...operators.values()].filter((op) => op !== cast),
  find: (node) =>
    [...node.inputs, ...node.outputs].some((value) => value && isUnsigned(value.type)) && worksWider(node)
      ? {}
      : undefined,
  replace(_, node, graph) {
    const { origin, op, attributes } = node;
    const converted = (value: Value, to: DType, name: string) =>
      value.constant
        ? graph.addConstant(name, cast.evaluate!([value.constant], { to }, [])[0])
        : graph.addNode({ op: cast, inputs: [value], attributes: { to }, name, origin, before: node }).outputs[0];
    const inputs = node.inputs.map((value) => {
      const to = value && widerTypes[value.type.dtype];
      return to ? converted(value, to, `${value.name}/${to}`) : value;
    });
    const wide = graph.addNode({ op, inputs, attributes, name: `${node.name}/wide`, origin, before: node });
    for (const [index, result] of node.outputs.entries()) {
      const { dtype } = result.type;
      const { name } = result;
      const narrow = widerTypes[dtype] ? converted(wide.outputs[index], dtype, name) : wide.outputs[index];
      graph.replaceUses(result, narrow);
    }
    graph.removeNode(node);
  },
});
