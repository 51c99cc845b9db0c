import type { Value } from "@millrace/ir";
import { pad } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import type { Result } from "../surroundings.ts";
import { collection, itemOf, tensorIn } from "./bodies.ts";
import { slicesAlong, stackedAlong, stepsAlong } from "./steps.ts";

/** States at first, and what each step takes from each of the scanned inputs. */
interface Pass {
  readonly states: readonly (Value | undefined)[];
  readonly slices: readonly (readonly Value[])[];
  readonly steps: number;
}

/** States at last, and what all steps gave to each of the scanned results. */
interface Passed {
  readonly states: readonly Result[];
  readonly given: readonly (readonly Value[])[];
}

/** Writes out its body for each slice of its inputs; before opset 9 for each entry of a batch. */
export function scan(node: SourceNode): readonly Result[] {
  const { attributes } = node;
  const body = attributes.graph("body");
  const scanned = attributes.integer("num_scan_inputs");
  const first = node.opset < 9 ? 1 : 0;
  const states = node.inputs.length - first - scanned;
  if (scanned < 1 || states < 0 || body.outputs.length < states)
    node.invalid(
      `it has ${node.inputs.length} inputs, of which ${scanned} are scanned, and its body ${body.outputs.length} results`,
    );
  if (first === 1) return scanBatch(node, states, scanned);
  const axes = attributes.integers("scan_input_axes") ?? [];
  const backwards = attributes.integers("scan_input_directions") ?? [];
  const inputs = Array.from({ length: scanned }, (_, index) => node.input(states + index));
  const places = inputs.map(({ type }, index) => node.axis(axes[index] ?? 0, type.shape.length));
  const counts = inputs.map((value, index) => stepsAlong(node, value, places[index], body.nodes.length));
  const { states: last, given } = passed(node, {
    states: Array.from({ length: states }, (_, index) => node.input(index)),
    slices: inputs.map((value, index) => inOrder(slicesAlong(node, value, places[index]), backwards[index])),
    steps: commonCount(node, counts),
  });
  return [...last, ...resultsOf(node, given, states)];
}

function resultsOf(node: SourceNode, given: Passed["given"], states: number): readonly Value[] {
  const { attributes } = node;
  const axes = attributes.integers("scan_output_axes") ?? [];
  const backwards = attributes.integers("scan_output_directions") ?? [];
  const declared = attributes.graph("body").outputs.slice(states);
  return given.map((items, index) =>
    collection(node, inOrder(items, backwards[index]), declared[index], axes[index] ?? 0),
  );
}

function commonCount(node: SourceNode, counts: readonly number[]): number {
  if (new Set(counts).size > 1) node.invalid(`its inputs have [${counts}] steps`);
  return counts[0];
}

function inOrder<T>(items: readonly T[], backwards = 0): readonly T[] {
  return backwards === 0 ? items : items.toReversed();
}

function passed(node: SourceNode, { states, slices, steps }: Pass, name = "step"): Passed {
  const body = node.attributes.graph("body");
  const given: Value[][] = body.outputs.slice(states.length).map(() => []);
  let current: readonly Result[] = states.map((state) => state ?? "absent");
  for (let step = 0; step < steps; step++) {
    const inputs = [...current.map(itemOf), ...slices.map((items) => items[step])];
    const results = node.inline(body, inputs, `${name}_${step}`);
    current = results.slice(0, states.length);
    for (const [index, items] of given.entries()) items.push(tensorIn(node, results[states.length + index]));
  }
  return { states: current, given };
}

/** The form of opset 8: the first axis of everything is the batch, and each of its entries has a length of its own. */
function scanBatch(node: SourceNode, states: number, scanned: number): readonly Result[] {
  const { attributes } = node;
  const body = attributes.graph("body");
  const backwards = attributes.integers("directions") ?? [];
  const inputs = Array.from({ length: scanned }, (_, index) => node.input(1 + states + index));
  const batch = stepsAlong(node, inputs[0], 0, body.nodes.length);
  const steps = commonCount(
    node,
    inputs.map((value) => stepsAlong(node, value, 1, body.nodes.length * batch)),
  );
  const lengths = node.has(0) ? node.numbers(0) : new Array<number>(batch).fill(steps);
  if (batch === 0 || steps === 0) node.unsupported("its data are empty", "Give it one step at least.");
  if (lengths.length !== batch || lengths.some((length) => !(length >= 1 && length <= steps)))
    node.invalid(`[${lengths}] are not the lengths of ${batch} sequences of at most ${steps} steps`);
  const entries = Array.from({ length: 1 + states + scanned }, (_, index) =>
    index === 0 ? [] : slicesAlong(node, node.input(index), 0),
  );
  const passes = lengths.map((length, entry) =>
    passed(
      node,
      {
        states: Array.from({ length: states }, (_, index) => entries[1 + index][entry]),
        slices: inputs.map((_, index) =>
          inOrder(slicesAlong(node, entries[1 + states + index][entry], 0).slice(0, length), backwards[index]),
        ),
        steps: length,
      },
      `entry_${entry}_step`,
    ),
  );
  const last = Array.from({ length: states }, (_, index) =>
    stackedAlong(
      node,
      passes.map((each) => tensorIn(node, each.states[index])),
      0,
    ),
  );
  const given = body.outputs.slice(states).map((_, index) =>
    stackedAlong(
      node,
      passes.map((each) => lengthened(node, stackedAlong(node, each.given[index], 0), steps)),
      0,
    ),
  );
  return [...last, ...given];
}

/** A sequence with zeros after its end. */
function lengthened(node: SourceNode, sequence: Value, steps: number): Value {
  const { shape } = sequence.type;
  const missing = steps - (shape[0] as number);
  if (missing === 0) return sequence;
  const before = shape.map(() => 0);
  return node.compute(pad, [sequence], { before, after: before.with(0, missing), mode: "constant", value: 0 });
}
