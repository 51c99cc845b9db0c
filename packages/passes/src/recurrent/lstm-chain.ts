import { numbersOf, type Value } from "@millrace/ir";
import { biasOf, type Gate, type LstmStep, type Term } from "./lstm-step.ts";
import type { SequenceSlice } from "./sequence-slice.ts";

const gateNames = ["input", "forget", "cell", "output"] as const;

/** What a gate does in every step. */
export interface GateWeights {
  readonly data: Term;
  readonly recurrent: Term;
  readonly bias: Float64Array;
}

/** Steps one after the other that share their weights. */
export interface LstmChain {
  readonly steps: LstmStep[];
  /** The data of each step. */
  readonly data: (Value | SequenceSlice)[];
  /** Known from the second step on. */
  gates?: readonly GateWeights[];
  /** The hidden state before the first step; undefined where it is zero. */
  hidden?: Value;
}

/** Puts steps, given in the order of their nodes, behind those that they go on from. Work is linear in the number of steps. */
export function chainsOf(steps: Iterable<LstmStep>): readonly LstmChain[] {
  const chains: LstmChain[] = [];
  const byCell = new Map<Value, LstmChain>();
  for (const step of steps) {
    const before = step.before && byCell.get(step.before);
    const chain = before && joins(before, step) ? before : newChain(step);
    if (chain === before) byCell.delete(step.before!);
    else chains.push(chain);
    byCell.set(step.next, chain);
  }
  return chains.filter(({ steps }) => steps.length > 1);
}

function newChain(step: LstmStep): LstmChain {
  return { steps: [step], data: [] };
}

/** Adds a step to a chain if it goes on from its last one, with the same weights. */
function joins(chain: LstmChain, step: LstmStep): boolean {
  const last = chain.steps.at(-1)!;
  if (step.units !== last.units || step.clip !== last.clip) return false;
  const found = chain.gates ?? startOf(chain, step);
  if (found === undefined) return false;
  const data = dataOf(step, found, last.hidden);
  if (data === undefined) return false;
  chain.gates = found;
  chain.steps.push(step);
  chain.data.push(data);
  return true;
}

/** The weights of a chain's second step, if its first one has the same; tells the chain what it starts from. */
function startOf(chain: LstmChain, step: LstmStep): readonly GateWeights[] | undefined {
  const [first] = chain.steps;
  const gates = gateNames.map((name) => weightsOf(step[name]!, first));
  if (!gates.every((gate) => gate !== undefined)) return undefined;
  const start = initialOf(first, gates);
  if (start === undefined) return undefined;
  chain.data.push(start.data);
  if (start.hidden) chain.hidden = start.hidden;
  return gates;
}

/** The weights of a gate of a step that follows `last`: one term is of the hidden state, one of the data. */
function weightsOf(gate: Gate, last: LstmStep): GateWeights | undefined {
  const [a, b, ...others] = gate.terms;
  if (others.length > 0 || !a || !b) return undefined;
  const [recurrent, data] = a.input === last.hidden ? [a, b] : [b, a];
  const bias = biasOf(gate, last.units);
  const isMemory = recurrent.input === last.hidden && data.input !== last.hidden;
  return isMemory && bias ? { data, recurrent, bias } : undefined;
}

/** The data of a step whose gates have the weights of the chain and see the hidden state `before`. */
function dataOf(step: LstmStep, gates: readonly GateWeights[], before: Value): Value | SequenceSlice | undefined {
  const found = gateNames.map((name, at) => {
    const gate = step[name];
    const isWhole = gate?.terms.length === 2 && fits(gate, gates[at], step.units);
    const recurrent = isWhole && gate.terms.find((term) => sameWeights(term, gates[at].recurrent));
    return recurrent && recurrent.input === before ? dataIn(gate, gates[at]) : undefined;
  });
  return common(found);
}

interface Start {
  readonly data: Value | SequenceSlice;
  readonly hidden: Value | undefined;
}

/** What the first step starts from: it may lack the gate that forgets and the products with a hidden state of zero. */
function initialOf(step: LstmStep, gates: readonly GateWeights[]): Start | undefined {
  const present = gateNames.flatMap((name, at) => (step[name] ? [{ gate: step[name], weights: gates[at] }] : []));
  if (!present.every(({ gate, weights }) => fits(gate, weights, step.units))) return undefined;
  const data = common(present.map(({ gate, weights }) => dataIn(gate, weights)));
  const states = present.map(({ gate, weights }) =>
    gate.terms.find((term) => sameWeights(term, weights.recurrent) && !sameWeights(term, weights.data)),
  );
  const hidden = states[0]?.input;
  const areSame = states.every((state) => state?.input === hidden);
  const areAll = present.every(({ gate }, at) => gate.terms.length === (states[at] ? 2 : 1));
  if (data === undefined || !areSame || !areAll || (hidden && "sequence" in hidden)) return undefined;
  return { data, hidden };
}

function dataIn(gate: Gate, { data }: GateWeights): Value | SequenceSlice | undefined {
  return gate.terms.find((term) => sameWeights(term, data))?.input;
}

/** The one input that all gates see. */
function common(inputs: readonly (Value | SequenceSlice | undefined)[]): Value | SequenceSlice | undefined {
  const [first] = inputs;
  return inputs.every((input) => input !== undefined && first !== undefined && sameInput(input, first))
    ? first
    : undefined;
}

function sameInput(a: Value | SequenceSlice, b: Value | SequenceSlice): boolean {
  if (!("sequence" in a && "sequence" in b)) return a === b;
  return a.sequence === b.sequence && a.axis === b.axis && a.place === b.place;
}

function sameWeights(a: Term, b: Term): boolean {
  const isPlace = a.row === b.row && a.column === b.column && a.width === b.width;
  return isPlace && (a.weights === b.weights || a.weights.constant!.data === b.weights.constant!.data);
}

/** Whether a gate's constants come to the chain's, but for how they were rounded. */
function fits(gate: Gate, { bias }: GateWeights, units: number): boolean {
  const own = biasOf(gate, units);
  return own?.every((value, unit) => Math.abs(value - bias[unit]) <= 1e-6 * Math.max(1, Math.abs(value))) === true;
}

/** The rows and columns of a term's weights: [units, width]. */
export function matrixOf({ weights, row, column, width }: Term, units: number): Float32Array {
  const numbers = numbersOf(weights.constant!);
  const columns = weights.type.shape[1] as number;
  const result = new Float32Array(units * width);
  for (let unit = 0; unit < units; unit++)
    for (let at = 0; at < width; at++) result[unit * width + at] = numbers[(row + unit) * columns + column + at];
  return result;
}
