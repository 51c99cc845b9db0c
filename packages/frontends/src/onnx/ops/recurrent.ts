import { type Dimension, fromNumbers, type Value } from "@millrace/ir";
import { add, concat } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { type Direction, type Layout, wholeLstm } from "./lstm-layer.ts";
import { activationsOf } from "./recurrent-activations.ts";
import { type Cell, gatedCell, type LayerWeights, longShortTermCell, plainCell, projected } from "./recurrent-cells.ts";
import { looped, type Passed, type Run, unrolled } from "./recurrent-steps.ts";
import { stackedAlong } from "./steps.ts";
import { reshaped, sliced } from "./weights.ts";

/** What tells the recurrent operators apart. */
interface Kind {
  readonly cell: Cell;
  readonly gates: number;
  /** Activations of one direction without the attribute. */
  readonly activations: readonly string[];
  /** Whether there is a cell state beside the hidden one. */
  readonly hasCell: boolean;
  /** Whether the candidate, the last gate, sees the hidden state in a way of its own. */
  readonly hasReset: boolean;
  /** Nodes that a step is written out as, about. */
  readonly nodes: number;
  /** The layer as one operator, where there is one that does the same. */
  readonly whole?: typeof wholeLstm;
}

const directionsOf: ReadonlyMap<string, readonly Direction[]> = new Map([
  ["forward", ["forward"]],
  ["reverse", ["reverse"]],
  ["bidirectional", ["forward", "reverse"]],
]);

/** A recurrent layer: one operator for each direction if there is one, else its steps written out if they are few, or a loop. */
function layerOf(kind: Kind): Importer {
  return (node) => {
    const { attributes } = node;
    const direction = attributes.text("direction", "forward");
    const directions = directionsOf.get(direction) ?? node.invalid(`direction is ${direction}`);
    const layout = attributes.flag("layout", false) ? { time: 1, direction: 1 } : { time: 0, direction: 0 };
    const whole = kind.whole?.(node, directions, layout);
    if (whole) {
      attributes.ignore("hidden_size", "output_sequence", "activations", "activation_alpha", "activation_beta");
      return whole;
    }
    const steps = node.shape(0)[layout.time];
    if (steps === 0) node.unsupported("its sequence is empty", "Give it one step at least.");
    const isLoop = typeof steps === "string" || steps * directions.length * kind.nodes > mostWrittenOut;
    const activations = activationsOf(node, kind.activations, directions.length);
    attributes.ignore("hidden_size", "input_forget", "linear_before_reset", "output_sequence");
    const lengths = lengthsOf(node, steps);
    const results = directions.map((way, index) => {
      const run: Run = {
        cell: kind.cell,
        layer: layerAt(node, kind, index),
        activations: activations[index],
        sums: sumsAt(node, kind, index),
        initial: { hidden: stateAt(node, 5, layout, index), cell: stateAt(node, 6, layout, index) },
        hasCell: kind.hasCell,
        time: layout.time,
        way,
        lengths,
      };
      return isLoop ? looped(node, run) : unrolled(node, run);
    });
    if (steps !== 1) informOfForm(node, isLoop, steps, directions.length);
    return outputsOf(node, results, layout);
  };
}

/** Nodes that a layer is written out as at most; longer ones are loops. */
const mostWrittenOut = 2 ** 10;

function informOfForm(node: SourceNode, isLoop: boolean, steps: Dimension, directions: number): void {
  if (!isLoop) {
    const sentence = `it is written out in ${(steps as number) * directions} steps, as no operator does the same.`;
    node.inform("onnx.unrolled-layer", sentence, "Shorten the sequence if the file becomes too large.");
    return;
  }
  const sentence = `it is a loop of ${steps} steps, as no operator does the same and they are too many to be written out.`;
  const hint =
    "Where each step should stand in the file, use --unroll, as quantization does; the number of steps has to be known.";
  node.inform("onnx.looped-layer", sentence, hint);
}

/** The weights and biases of one direction. */
function layerAt(node: SourceNode, kind: Kind, index: number): LayerWeights {
  const weights = directionAt(node, 2, index);
  const [rows, units] = weights.type.shape;
  if (typeof units !== "number" || rows !== kind.gates * units)
    return node.invalid(`its recurrent weights have ${rows} rows, not ${kind.gates} for each of ${units} units`);
  const resetsBefore = kind.hasReset && !resetsAfter(node);
  const recurrent = resetsBefore
    ? [sliced(node, weights, 0, 0, 2 * units), sliced(node, weights, 0, 2 * units, units)]
    : [weights];
  const peepholes = node.has(7)
    ? [0, 1, 2].map((gate) => sliced(node, directionAt(node, 7, index), 0, gate * units, units))
    : undefined;
  const ownBias = kind.hasReset && !resetsBefore ? biasAt(node, index, 1, rows) : undefined;
  return { units, recurrent, recurrentBias: ownBias, peepholes };
}

function resetsAfter(node: SourceNode): boolean {
  return node.attributes.flag("linear_before_reset", false);
}

/** An input that has the directions as its first axis, for one of them. */
function directionAt(node: SourceNode, input: number, index: number): Value {
  const all = node.weights(input);
  return reshaped(node, sliced(node, all, 0, index, 1), all.type.shape.slice(1));
}

/** The biases of the data (0) or of the hidden state (1); zeros if there are none. */
function biasAt(node: SourceNode, index: number, part: 0 | 1, size: number): Value {
  if (!node.has(3)) return node.constant(fromNumbers("f32", [size], new Array<number>(size).fill(0)));
  return sliced(node, directionAt(node, 3, index), 0, part * size, size);
}

/** What the data give to the gates in all steps, with all biases that do not depend on a gate. */
function sumsAt(node: SourceNode, kind: Kind, index: number): Value {
  const weights = directionAt(node, 1, index);
  const size = weights.type.shape[0] as number;
  if (!node.has(3)) return projected(node, node.input(0), weights);
  const bias = biasAt(node, index, 0, size);
  if (kind.hasReset && resetsAfter(node)) return projected(node, node.input(0), weights, bias);
  const both = node.compute(add, [bias, biasAt(node, index, 1, size)], plain);
  return projected(node, node.input(0), weights, both);
}

/** An initial state of one direction [batch, units]; undefined if it is left out or all zeros. */
function stateAt(node: SourceNode, input: number, { direction }: Layout, index: number): Value | undefined {
  if (!node.has(input)) return undefined;
  const all = node.input(input);
  if (all.constant?.data.every((item) => Number(item) === 0)) return undefined;
  return reshaped(node, sliced(node, all, direction, index, 1), all.type.shape.toSpliced(direction, 1));
}

/** How long each entry's sequence is: [batch, 1]. Undefined where all are as long as the data. */
function lengthsOf(node: SourceNode, steps: Dimension): Value | undefined {
  if (!node.has(4)) return undefined;
  const lengths = node.input(4);
  const isWhole = typeof steps === "number" && lengths.constant?.data.every((length) => Number(length) >= steps);
  return isWhole ? undefined : reshaped(node, lengths, [lengths.type.shape[0], 1]);
}

function outputsOf(node: SourceNode, results: readonly Passed[], { time, direction }: Layout): readonly Value[] {
  const side = 1 + time;
  const states = (state: "hidden" | "cell") => {
    const present = results.map(({ last }) => last[state]).filter((value) => value !== undefined);
    return present.length > 0 ? [stackedAlong(node, present, direction)] : [];
  };
  const sequences = results.map(({ sequence }) => reshaped(node, sequence, sequence.type.shape.toSpliced(side, 0, 1)));
  const sequence = sequences.length === 1 ? sequences[0] : node.compute(concat, sequences, { axis: side });
  return [sequence, ...states("hidden"), ...states("cell")];
}

/** Operators that go through a sequence with a state. */
export const recurrentLayers: Readonly<Record<string, Importer>> = {
  RNN: layerOf({ cell: plainCell, gates: 1, activations: ["Tanh"], hasCell: false, hasReset: false, nodes: 6 }),
  LSTM: layerOf({
    cell: longShortTermCell,
    gates: 4,
    activations: ["Sigmoid", "Tanh", "Tanh"],
    hasCell: true,
    hasReset: false,
    nodes: 16,
    whole: wholeLstm,
  }),
  GRU: layerOf({
    cell: gatedCell,
    gates: 3,
    activations: ["Sigmoid", "Tanh"],
    hasCell: false,
    hasReset: true,
    nodes: 16,
  }),
};
