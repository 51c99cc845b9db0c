import { fromNumbers } from "@millrace/ir";
import { add, div, exp, minimum, mish, mul } from "@millrace/ops";
import { edit } from "./edit-node.ts";
import { rewrite } from "./rewrite.ts";

/** From here on the function is x in float32, and the square of its exponential is still finite. */
const straight = 20;

const plain = { activation: "none" };

/** Mish by one exponential e: tanh(log(1 + e)) is n / (n + 2) of n = e · (e + 2), to the last digits for small e too. */
export const spellMish = rewrite("spell-mish", {
  roots: [mish],
  find: (node) => (node.outputs[0].type.dtype === "f32" ? {} : undefined),
  replace(_, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const { x } = mish.inputsOf(node);
    const kind = { dtype: "f32" } as const;
    const two = constant("two", fromNumbers("f32", [], [2]));
    const bounded = step(minimum, [x, constant("straight", fromNumbers("f32", [], [straight]))], {}, kind);
    const power = step(exp, [bounded], {}, kind);
    const numerator = step(mul, [power, step(add, [power, two], plain, kind)], plain, kind);
    const gate = step(div, [numerator, step(add, [numerator, two], plain, kind)], plain, kind);
    finish(mul, [x, gate], plain);
  },
});
