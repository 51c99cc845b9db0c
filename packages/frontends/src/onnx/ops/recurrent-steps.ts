import { fromNumbers, type Shape, type Value } from "@millrace/ir";
import { add, expand, less, scan, select, shapeOf, sub } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { converted, formulaOf } from "./formula.ts";
import type { Direction } from "./lstm-layer.ts";
import type { ActivationAt } from "./recurrent-activations.ts";
import type { Cell, LayerWeights, State } from "./recurrent-cells.ts";
import { slicesAlong, stackedAlong } from "./steps.ts";

/** One direction of a recurrent layer, about to go through its sequence. */
export interface Run {
  readonly cell: Cell;
  readonly layer: LayerWeights;
  readonly activations: readonly ActivationAt[];
  /** What the data of all steps give to the gates: [time, batch, gates · units], or [batch, time, …] if `time` is 1. */
  readonly sums: Value;
  readonly initial: State;
  readonly hasCell: boolean;
  /** The axis of the steps. */
  readonly time: number;
  readonly way: Direction;
  /** How long each entry's sequence is [batch, 1]; undefined where all are as long as the data. */
  readonly lengths: Value | undefined;
}

/** The hidden states of all steps in the order of the data, and the state after the last one. */
export interface Passed {
  readonly sequence: Value;
  readonly last: State;
}

/** Writes every step out. Steps beyond the end of an entry's sequence leave its state as it is, and give zeros. */
export function unrolled(node: SourceNode, { cell, sums, initial, time, way, lengths, ...run }: Run): Passed {
  const outputs: Value[] = [];
  const slices = slicesAlong(node, sums, time);
  const layer = { ...run.layer, activations: run.activations.map((at) => at(node)) };
  let state = initial;
  for (const step of way === "forward" ? slices.keys() : [...slices.keys()].reverse()) {
    const present = lengths && node.compute(less, [node.scalar(step, lengths.type.dtype), lengths], {});
    const { output, next } = within(node, present, state, cell(node, layer, slices[step], state));
    outputs[step] = output;
    state = next;
  }
  return { sequence: stackedAlong(node, outputs, time), last: state };
}

/** What a step gives, and the state after it, for entries whose sequence it lies within; all do if `present` is undefined. */
function within(
  node: SourceNode,
  present: Value | undefined,
  before: State,
  after: State & { readonly hidden: Value },
): { readonly output: Value; readonly next: State & { readonly hidden: Value } } {
  if (present === undefined) return { output: after.hidden, next: after };
  const of = formulaOf(node);
  const kept = (state: keyof State) => after[state] && of(select, present, after[state], before[state] ?? 0);
  const next = { hidden: of(select, present, after.hidden, before.hidden ?? 0), cell: kept("cell") };
  return { output: of(select, present, after.hidden, 0), next };
}

/** One scan whose body is a step, with the number of the step among its states where entries end before others. */
export function looped(node: SourceNode, { cell, sums, time, way, lengths, hasCell, ...run }: Run): Passed {
  const { layer, activations, initial } = run;
  const states = [initial.hidden, ...(hasCell ? [initial.cell] : [])].map(
    (state) => state ?? zeros(node, [sums.type.shape[1 - time], layer.units]),
  );
  const counters = lengths ? [node.constant(fromNumbers(lengths.type.dtype, [1, 1], [0]))] : [];
  const values = [...counters, ...states, sums];
  const types = [...counters, ...states].map(({ type }) => type);
  const slice = { dtype: sums.type.dtype, shape: sums.type.shape.toSpliced(time, 1) };
  const isWithin = lengths && presence(node, lengths, sums, time, way);
  const { graph, captured } = node.compose([...types, slice], (inner, inputs, take) => {
    const [counter] = inputs;
    const [hidden, ...rest] = inputs.slice(counters.length);
    const before = { hidden, cell: hasCell ? rest[0] : undefined };
    const own = { ...takenLayer(layer, take), activations: activations.map((at) => at(inner)) };
    const present = isWithin?.(inner, counter, take);
    const { output, next } = within(inner, present, before, cell(inner, own, inputs.at(-1)!, before));
    const counted = counters.map(() => inner.compute(add, [counter, inner.scalar(1, counter.type.dtype)], plain));
    return [...counted, next.hidden, ...(hasCell ? [next.cell!] : []), output];
  });
  const attributes = { body: graph, states: types.length, sequences: 1, axis: time, reverse: way === "reverse" };
  const results = node.emitAll(scan, [...values, ...captured], attributes);
  const [hidden, ...rest] = results.slice(counters.length);
  return { sequence: results.at(-1)!, last: { hidden, cell: hasCell ? rest[0] : undefined } };
}

/** States that are zero at first. */
function zeros(node: SourceNode, shape: Shape): Value {
  return node.compute(expand, [node.scalar(0)], { shape });
}

function takenLayer(layer: LayerWeights, take: (outer: Value) => Value): LayerWeights {
  const { units, recurrent, recurrentBias, peepholes } = layer;
  return {
    units,
    recurrent: recurrent.map(take),
    recurrentBias: recurrentBias && take(recurrentBias),
    peepholes: peepholes?.map(take),
  };
}

/** Tells within a body whether the step that the counter stands at lies within each entry's sequence: [batch, 1]. */
type Presence = (inner: SourceNode, counter: Value, take: (outer: Value) => Value) => Value;

/** The step at the place p = counter is there if p < length; one from the end, at p = steps - 1 - counter, if steps - 1 - length < counter. */
function presence(node: SourceNode, lengths: Value, sums: Value, time: number, way: Direction): Presence {
  if (way === "forward") return (inner, counter, take) => inner.compute(less, [counter, take(lengths)], {});
  const { dtype } = lengths.type;
  const steps = sums.type.shape[time];
  const count =
    typeof steps === "number"
      ? node.scalar(steps, dtype)
      : converted(node, node.emit(shapeOf, [sums], { start: time, end: time + 1 }), dtype);
  const of = formulaOf(node);
  const before = of(sub, of(sub, count, 1), lengths);
  return (inner, counter, take) => inner.compute(less, [take(before), counter], {});
}
