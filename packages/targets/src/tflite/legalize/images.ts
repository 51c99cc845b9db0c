import { fromNumbers, isStatic, type Node, numbersOf } from "@millrace/ir";
import { depthToSpace, gather, resize, spaceToDepth } from "@millrace/ops";
import { edit, rewrite, sizesOf } from "@millrace/passes";
import { gatherAlong } from "./axes.ts";

type Resizing = ReturnType<typeof resize.attributesOf>;

/** How TFLite's nearest resizing chooses elements. */
const nearestForms = [
  { coordinates: "asymmetric", nearestRounding: "floor" },
  { coordinates: "halfPixel", nearestRounding: "roundPreferCeil" },
  { coordinates: "alignCorners", nearestRounding: "roundPreferCeil" },
] as const;

export function isNearestForm({ coordinates, nearestRounding }: Resizing): boolean {
  return nearestForms.some((form) => form.coordinates === coordinates && form.nearestRounding === nearestRounding);
}

/** Which elements of an axis a resizing takes, found by resizing their numbers. */
function takenElements(from: number, to: number, attributes: Resizing): ArrayLike<number> {
  const numbers = fromNumbers(
    "f32",
    [1, from, 1, 1],
    Array.from({ length: from }, (_, at) => at),
  );
  const type = { dtype: "f32", shape: [1, to, 1, 1] } as const;
  const [taken] = resize.evaluate!([numbers], { ...attributes, size: [to, 1], layout: "last" }, [type]);
  return numbersOf(taken);
}

function takenBy(node: Node, attributes: Resizing): readonly ArrayLike<number>[] {
  const [, height, width] = sizesOf(node.inputs[0]!);
  return [height, width].map((from, axis) => takenElements(from, attributes.size[axis], attributes));
}

/** Nearest resizing of another kind is one of TFLite's that takes the same elements, or picks them by index. */
export const nameNearest = rewrite("tflite-name-nearest", {
  roots: [resize],
  find(node) {
    const attributes = resize.attributesOf(node);
    const other = attributes.layout === "last" && attributes.mode === "nearest";
    const isSized = isStatic(node.inputs[0]!.type.shape.slice(1, 3));
    return other && isSized && !isNearestForm(attributes) ? attributes : undefined;
  },
  replace(attributes, node, graph) {
    const wanted = takenBy(node, attributes);
    const same = nearestForms.find((form) => {
      const taken = takenBy(node, { ...attributes, ...form });
      return taken.every((elements, axis) => equal(elements, wanted[axis]));
    });
    if (same) edit(graph, node).finish(resize, node.inputs, { ...attributes, ...same });
    else
      gatherAlong(
        graph,
        node,
        wanted.map((indices, axis) => ({ axis: axis + 1, indices })),
      );
  },
});

function equal(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return Array.from(a).every((item, index) => item === b[index]);
}

/** Where channel (y · block + x) · depth + c of depth-first order stands in column-first order, c · block² + y · block + x. */
function columnFirst(depth: number, block: number): number[] {
  const places = block * block;
  return Array.from({ length: depth * places }, (_, at) => (at % depth) * places + Math.floor(at / depth));
}

const inverse = (order: readonly number[]) => order.map((_, at) => order.indexOf(at));

/** Blocks in column-first order are those in depth-first order with their channels picked in another order. */
export const reorderDepth = rewrite("tflite-reorder-depth", {
  roots: [depthToSpace, spaceToDepth],
  find(node) {
    const { order, layout, block } = depthToSpace.attributesOf(node);
    const [, , , channels] = (node.op === depthToSpace ? node.inputs[0]! : node.outputs[0]).type.shape;
    if (typeof channels !== "number" || layout !== "last" || order !== "columnFirst") return undefined;
    return { layout, block, channels };
  },
  replace({ layout, block, channels }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const attributes = { layout, block, order: "depthFirst" };
    const deep = node.op === depthToSpace;
    const order = columnFirst(channels / (block * block), block);
    const indices = constant("channels", fromNumbers("i32", [channels], deep ? order : inverse(order)));
    if (deep) finish(node.op, [step(gather, [x, indices], { axis: 3 }, x!.type)], attributes);
    else finish(gather, [step(node.op, [x], attributes, x!.type), indices], { axis: 3 });
  },
});
