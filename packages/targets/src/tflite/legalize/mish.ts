import { fromNumbers, type Value } from "@millrace/ir";
import { add, cast, div, exp, gather, minimum, mish, mul, resultTable } from "@millrace/ops";
import { rewrite } from "@millrace/passes";
import { edit } from "./edit.ts";

/** From here on the function is x in float32, and the square of its exponential is still finite. */
const straight = 20;

const plain = { activation: "none" };

/** Mish by one exponential e: tanh(log(1 + e)) is n / (n + 2) of n = e · (e + 2), to the last digits for small e too. */
export const spellMish = rewrite("tflite-spell-mish", {
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

/** Mish of bytes is looked up in a table of the results of all bytes. */
export const tabulateMish = rewrite("tflite-tabulate-mish", {
  roots: [mish],
  find: ({ inputs: [x], outputs: [y] }) =>
    isByte(x!) && isByte(y) ? { quantization: y.type.quantization! } : undefined,
  replace({ quantization }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const { x } = mish.inputsOf(node);
    const kind = { dtype: "i32" } as const;
    const stored = step(cast, [x], { to: "i32" }, kind);
    const fromZero = () => step(add, [stored, constant("offset", fromNumbers("i32", [], [128]))], plain, kind);
    const index = x.type.dtype === "i8" ? fromZero() : stored;
    finish(gather, [constant("table", resultTable(node), quantization), index], { axis: 0 });
  },
});

/** Whether a value stands for reals by bytes of one scale. */
function isByte({ type: { dtype, quantization } }: Value): boolean {
  return (dtype === "i8" || dtype === "u8") && quantization?.scale.length === 1;
}
