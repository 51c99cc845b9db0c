import { fromNumbers, isStatic } from "@millrace/ir";
import { activationRanges, clamp, gather, maxPool2d, reduceMax } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

/** For each position of a window along one axis, the elements inside the data that it covers, as many as the kernel has; none where it covers padding only. */
function coveredElements(
  size: number,
  positions: number,
  { kernel, stride, dilation, before }: Readonly<Record<"kernel" | "stride" | "dilation" | "before", number>>,
): readonly (readonly number[])[] {
  return Array.from({ length: positions }, (_, at) => {
    const taps = Array.from({ length: kernel }, (_, tap) => at * stride + tap * dilation - before);
    const inside = taps.filter((tap) => tap >= 0 && tap < size);
    return inside.length === 0 ? [] : taps.map((tap) => (tap >= 0 && tap < size ? tap : inside[0]));
  });
}

/** A maximum over a dilated window is one over the rows it covers, picked by index, and then one over the columns. */
export const pickDilatedMaxima = rewrite("tflite-pick-dilated-maxima", {
  roots: [maxPool2d],
  find(node) {
    const { kernel, stride, dilation, padding, layout, activation } = maxPool2d.attributesOf(node);
    if (layout !== "last" || dilation.every((step) => step === 1)) return undefined;
    const [size, positions] = [node.inputs[0]!, node.outputs[0]].map(({ type }) => type.shape.slice(1, 3));
    if (!isStatic(size) || !isStatic(positions)) return undefined;
    const axes = [0, 1].map((axis) =>
      coveredElements(size[axis], positions[axis], {
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: dilation[axis],
        before: padding[axis],
      }),
    );
    return axes.flat().some((covered) => covered.length === 0) ? undefined : { axes, kernel, activation };
  },
  replace({ axes, kernel, activation }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const pick = (value: typeof x, axis: number) => {
      const table = fromNumbers("i32", [axes[axis].length, kernel[axis]], axes[axis].flat());
      return step(gather, [value, constant(`covered${axis}`, table)], { axis: axis + 1 }, x!.type);
    };
    const rows = step(reduceMax, [pick(x, 0)], { axes: [2], keepDims: false }, x!.type);
    const columns = { axes: [3], keepDims: false };
    if (activation === "none") return finish(reduceMax, [pick(rows, 1)], columns);
    const [minimum, maximum] = activationRanges[activation];
    const maxima = step(reduceMax, [pick(rows, 1)], columns, x!.type);
    return finish(clamp, [maxima], { minimum, maximum });
  },
});
