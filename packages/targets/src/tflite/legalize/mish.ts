import { fromNumbers, type Value } from "@millrace/ir";
import { add, cast, gather, mish, resultTable } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

const plain = { activation: "none" };

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
