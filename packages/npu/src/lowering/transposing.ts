import type { Node } from "@millrace/ir";
import { transpose } from "../commands/transpose.ts";
import type { Machine } from "../machine.ts";
import type { Lowering } from "./lowering.ts";
import { mostBlocks, movement } from "./movement.ts";
import { elementsOf, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** An exchange of two neighbouring groups of axes: `blocks` times, `rows` of `columns` runs of so many elements. */
interface Exchange {
  readonly blocks: number;
  readonly rows: number;
  readonly columns: number;
  readonly run: number;
}

/** Pieces up to which they are listed one by one. */
const mostListed = 2 ** 8;

/** Transposes of few pieces are moves, and so are those of more pieces if the machine may have to divide them; other exchanges of axes have a command of their own. */
export const transposing: Lowering = {
  ...movement,
  refuse: (node, machine) =>
    exchangeOf(node, machine) ? refuseNumbers(node, machine) : movement.refuse(node, machine),
  write(node, writer) {
    const exchange = exchangeOf(node, writer.machine);
    if (exchange === undefined) return movement.write(node, writer);
    const { run, ...sizes } = exchange;
    writer.emit(transpose, {
      input: writer.placeOf(node.inputs[0]!),
      output: writer.placeOf(node.outputs[0]),
      ...sizes,
      bytes: run * elementsOf(node).elementBytes,
    });
  },
};

function exchangeOf(node: Node, { outer }: Machine): Exchange | undefined {
  const shape = node.inputs[0]!.type.shape;
  if (shape.some((size) => typeof size !== "number")) return undefined;
  const exchange = exchangedAxes(sizesOf(node.inputs[0]!), node.attributes.permutation as readonly number[]);
  if (exchange === undefined) return undefined;
  return exchange.blocks * exchange.columns > (outer ? mostBlocks : mostListed) ? exchange : undefined;
}

/** A permutation of the axes of a shape as an exchange; undefined where it is another one or moves nothing. */
export function exchangedAxes(shape: readonly number[], permutation: readonly number[]): Exchange | undefined {
  const to = permutation.filter((axis) => shape[axis] !== 1);
  const from = [...to].sort((a, b) => a - b);
  const isMoved = (axis: number, index: number) => axis !== from[index];
  const [first, end] = [to.findIndex(isMoved), to.findLastIndex(isMoved) + 1];
  if (first < 0) return undefined;
  const [exchanged, before] = [to.slice(first, end), from.slice(first, end)];
  const turn = before.indexOf(exchanged[0]);
  if (exchanged.some((axis, index) => axis !== before[(index + turn) % before.length])) return undefined;
  const sizeOf = (axes: readonly number[]) => axes.reduce((product, axis) => product * shape[axis], 1);
  return {
    blocks: sizeOf(from.slice(0, first)),
    rows: sizeOf(before.slice(0, turn)),
    columns: sizeOf(before.slice(turn)),
    run: sizeOf(from.slice(end)),
  };
}
