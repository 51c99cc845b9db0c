import { averagePool2d, conv2d, pad, spatialAxes } from "@millrace/ops";
import { refuse, replaceNode, rewrite } from "./rewrite.ts";

/** Merges zero padding of height and width into the convolution or counting average pool that reads it. */
export const fusePadding = rewrite("fuse-padding", {
  roots: [conv2d, averagePool2d],
  find(node) {
    const x = node.inputs[0];
    const padding = x?.producer?.op === pad ? x.producer : undefined;
    if (padding === undefined) return undefined;
    const { mode, value, before, after } = pad.attributesOf(padding);
    if (mode !== "constant" || value !== 0) return refuse(`${padding.name} pads with something else than zero`);
    const layout = node.attributes["layout"] as "first" | "last";
    const { height, width } = spatialAxes(layout);
    const elsewhere = before.some((count, axis) => axis !== height && axis !== width && count + after[axis] > 0);
    if (elsewhere) return refuse(`${padding.name} pads other axes than height and width`);
    const own = node.attributes["padding"] as readonly number[];
    if (node.op === averagePool2d && !node.attributes["countPadding"] && own.some((count) => count > 0))
      return undefined;
    const added = [before[height], before[width], after[height], after[width]];
    return { padding, total: own.map((count, side) => count + added[side]) };
  },
  replace({ padding, total }, node, graph) {
    const countPadding = node.op === averagePool2d && { countPadding: true };
    const inputs = [padding.inputs[0], ...node.inputs.slice(1)];
    replaceNode(graph, node, { inputs, attributes: { ...node.attributes, padding: total, ...countPadding } }, [
      padding,
    ]);
  },
});
