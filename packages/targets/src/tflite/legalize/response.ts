import { fromNumbers, isStatic } from "@millrace/ir";
import { add, averagePool2d, div, localResponseNormalization, mul, pow, reshape } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

/**
 * TFLite's LOCAL_RESPONSE_NORMALIZATION ends a channel before its window does. For any other window the sum of squares is a mean over the
 * channels, as rows of an image one channel deep, times the window's size.
 */
export const spellResponse = rewrite("tflite-spell-response", {
  roots: [localResponseNormalization],
  find(node) {
    const attributes = localResponseNormalization.attributesOf(node);
    const { before, after, layout } = attributes;
    const other = after !== before - 1 && after >= 0 && layout === "last";
    return other && isStatic(node.inputs[0]!.type.shape.slice(1)) ? attributes : undefined;
  },
  replace({ before, after, bias, alpha, beta }, node, graph) {
    const { constant, step, finish } = edit(graph, node);
    const x = node.inputs[0]!;
    const { type } = x;
    const [batch, height, width, channels] = type.shape;
    const places = (height as number) * (width as number);
    const window = before + after + 1;
    const number = (label: string, value: number) => constant(label, fromNumbers("f32", [], [value]));
    const none = { activation: "none" };
    const squares = step(mul, [x, x], none, type);
    const rows = step(reshape, [squares], { shape: [batch, places, channels, 1] }, type);
    const means = step(
      averagePool2d,
      [rows],
      {
        kernel: [1, window],
        stride: [1, 1],
        padding: [0, before, 0, after],
        countPadding: true,
        layout: "last",
        ...none,
      },
      type,
    );
    const shaped = step(reshape, [means], { shape: type.shape }, type);
    const weighted = step(mul, [shaped, number("alpha", alpha * window)], none, type);
    const moved = step(add, [weighted, number("bias", bias)], none, type);
    finish(div, [x, step(pow, [moved, number("beta", beta)], {}, type)], none);
  },
});
