import { elementCount, fromNumbers, type Graph, isStatic, type Node, type Operator, type Value } from "@millrace/ir";
import {
  depthToSpace,
  depthToSpaceMoves,
  gather,
  type Rearrangement,
  reshape,
  spaceToDepth,
  spaceToDepthMoves,
  transpose,
} from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";

/** An operator that moves data, and how it does. */
interface Candidate {
  readonly op: Operator;
  readonly attributes: Node["attributes"];
  readonly moves: Rearrangement;
  /** Where the elements along the axis of a gather come from. */
  readonly order?: readonly number[];
}

type Sizes = readonly number[];

/** The same movement with as few axes as can be: none of size 1, and no two that stay side by side. */
function simplified({ sizes, permutation }: Rearrangement): Rearrangement {
  const kept = permutation.filter((axis) => sizes[axis] !== 1);
  const sources = [...kept].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const axis of kept) {
    const before = runs.at(-1)?.at(-1);
    if (before !== undefined && sources[sources.indexOf(before) + 1] === axis) runs.at(-1)!.push(axis);
    else runs.push([axis]);
  }
  const ordered = runs.toSorted(([a], [b]) => a - b);
  return {
    sizes: ordered.map((run) => run.reduce((product, axis) => product * sizes[axis], 1)),
    permutation: runs.map((run) => ordered.indexOf(run)),
  };
}

function sameMoves(a: Rearrangement, b: Rearrangement): boolean {
  return a.sizes.join() === b.sizes.join() && a.permutation.join() === b.permutation.join();
}

/** Whether images of one shape have the pixels of the other one's, `block` as many along each axis, and as many elements. */
function arePixels(
  few: Sizes,
  many: Sizes,
  { block, layout }: { readonly block: number; readonly layout: string },
): boolean {
  const images = few.map((size, axis) => {
    if (axis === 0) return size;
    return axis === (layout === "first" ? 1 : 3) ? size / block ** 2 : size * block;
  });
  return block > 1 && images.join() === many.join();
}

/** Blocks of pixels become channels, or channels blocks of pixels. */
function blockMoves(from: Sizes, to: Sizes): readonly Candidate[] {
  if (from.length !== 4 || to.length !== 4) return [];
  return (["first", "last"] as const).flatMap((layout) => {
    const height = layout === "first" ? 2 : 1;
    const [wider, narrower] = [to[height] / from[height], from[height] / to[height]];
    return (["depthFirst", "columnFirst"] as const).flatMap((order): Candidate[] => {
      const blocks = (block: number) => ({ block, layout, order });
      if (arePixels(from, to, blocks(wider)))
        return [{ op: depthToSpace, attributes: blocks(wider), moves: depthToSpaceMoves(from, blocks(wider)) }];
      if (arePixels(to, from, blocks(narrower)))
        return [{ op: spaceToDepth, attributes: blocks(narrower), moves: spaceToDepthMoves(from, blocks(narrower)) }];
      return [];
    });
  });
}

/** Groups along one axis are interleaved, as the channels in ShuffleNet: out[i · groups + g] = x[g · size + i]. */
function shuffles(from: Sizes, to: Sizes, { sizes }: Rearrangement): readonly Candidate[] {
  if (from.join() !== to.join()) return [];
  return from.flatMap((count, axis) =>
    sizes
      .filter((groups) => groups > 1 && groups < count && count % groups === 0)
      .map((groups): Candidate => {
        const size = count / groups;
        const [outer, inner] = [from.slice(0, axis), from.slice(axis + 1)].map((part) => elementCount(part));
        const order = Array.from({ length: count }, (_, at) => (at % groups) * size + Math.floor(at / groups));
        const moves = { sizes: [outer, groups, size, inner], permutation: [0, 2, 1, 3] };
        return { op: gather, attributes: { axis }, moves, order };
      }),
  );
}

function inputsOf({ order }: Candidate, x: Value, node: Node, graph: Graph): readonly Value[] {
  return order ? [x, graph.addConstant(`${node.name}.order`, fromNumbers("i32", [order.length], order))] : [x];
}

/** Makes one operator of a reshape, a transpose and a reshape that move blocks of pixels to channels or back, or shuffle channels. */
export const recognizeRearrangements = rewrite("recognize-rearrangements", {
  roots: [reshape],
  find(node) {
    const middle = producedBy(node.inputs[0], transpose);
    const first = producedBy(middle?.inputs[0], reshape);
    if (middle === undefined || first === undefined) return undefined;
    const [x] = first.inputs as Value[];
    const [from, apart, to] = [x, first.outputs[0], node.outputs[0]].map(({ type }) => type.shape);
    if (!isStatic(from) || !isStatic(apart) || !isStatic(to)) return undefined;
    const moves = simplified({ sizes: apart, permutation: transpose.attributesOf(middle).permutation });
    const candidates = [...blockMoves(from, to), ...shuffles(from, to, moves)];
    const candidate = candidates.find((each) => sameMoves(simplified(each.moves), moves));
    return candidate && { x, candidate, merged: [first, middle] };
  },
  replace({ x, candidate, merged }, node, graph) {
    const { op, attributes } = candidate;
    replaceNode(graph, node, { op, inputs: inputsOf(candidate, x, node, graph), attributes }, merged);
  },
  examples: [
    {
      name: "pixel shuffle",
      before: `
        input x: f32[1,8,2,3]
        a: f32[1,2,2,2,2,3] = reshape(x) {shape=[1,2,2,2,2,3]} from [a]
        b: f32[1,2,2,2,3,2] = transpose(a) {permutation=[0,1,4,2,5,3]} from [b]
        c: f32[1,2,4,6] = reshape(b) {shape=[1,2,4,6]} from [c]
        output c`,
      after: `
        input x: f32[1,8,2,3]
        c: f32[1,2,4,6] = depthToSpace(x) {block=2, layout=first, order=columnFirst} from [a, b, c]
        output c`,
    },
    {
      name: "pixels to channels of channel-last data",
      before: `
        input x: f32[1,4,6,3]
        a: f32[1,2,2,3,2,3] = reshape(x) {shape=[1,2,2,3,2,3]}
        b: f32[1,2,3,2,2,3] = transpose(a) {permutation=[0,1,3,2,4,5]}
        c: f32[1,2,3,12] = reshape(b) {shape=[1,2,3,12]}
        output c`,
      after: `
        input x: f32[1,4,6,3]
        c: f32[1,2,3,12] = spaceToDepth(x) {block=2, layout=last, order=depthFirst}
        output c`,
    },
    {
      name: "a channel shuffle",
      before: `
        input x: f32[1,6,2,2]
        a: f32[2,3,4] = reshape(x) {shape=[2,3,4]}
        b: f32[3,2,4] = transpose(a) {permutation=[1,0,2]}
        c: f32[1,6,2,2] = reshape(b) {shape=[1,6,2,2]}
        output c`,
      after: `
        input x: f32[1,6,2,2]
        constant c.order: i32[6] = [0, 3, 1, 4, 2, 5]
        c: f32[1,6,2,2] = gather(x, c.order) {axis=1}
        output c`,
    },
    {
      name: "a transpose of fewer channels than blocks have pixels",
      before: `
        input x: f32[1,2,4,1]
        a: f32[4,2] = reshape(x) {shape=[4,2]}
        b: f32[2,4] = transpose(a) {permutation=[1,0]}
        c: f32[1,1,8,1] = reshape(b) {shape=[1,1,8,1]}
        output c`,
    },
    {
      name: "a transpose of whole axes",
      before: `
        input x: f32[4,6]
        a: f32[2,2,6] = reshape(x) {shape=[2,2,6]}
        b: f32[6,2,2] = transpose(a) {permutation=[2,0,1]}
        c: f32[6,4] = reshape(b) {shape=[6,4]}
        output c`,
    },
  ],
});
