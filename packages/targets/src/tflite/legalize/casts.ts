import { bitsOf, type DType, fromNumbers, isFloat, type Node, type Value } from "@millrace/ir";
import { add, cast, floorMod, sub } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

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
