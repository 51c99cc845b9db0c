import { fromNumbers, type Node, type Value } from "@millrace/ir";
import { add, cast, elu, gather, mish, resultTable } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

const plain = { activation: "none" };

/** Whether TFLite has no operator for it: neither a Mish, nor an ELU that falls elsewhere than to -1. */
function isMissing(node: Node): boolean {
  return node.op === mish || elu.attributesOf(node).alpha !== 1;
}

/** Activations of bytes that TFLite has no operator for are looked up in a table of the results of all bytes. */
export const tabulateBytes = rewrite("tflite-tabulate-bytes", {
  roots: [mish, elu],
  find(node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]];
    return isByte(x) && isByte(y) && isMissing(node) ? { quantization: y.type.quantization! } : undefined;
  },
  replace({ quantization }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs as readonly [Value];
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
