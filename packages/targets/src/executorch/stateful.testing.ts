import { fromNumbers, type Graph, givenInputs, numbersOf, parseGraph, resultOutputs, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";

/** Two states that change places in each run, one of them transposed, with first contents that are no zeros; `y` is their sum and what is given. */
export const exchange = parseGraph(
  `graph exchange
  input x: f32[1,2,2,3]
  input a: f32[1,2,2,3]
  input b: f32[1,3,2,2]
  turned: f32[1,2,2,3] = transpose(b) {permutation=[0,2,3,1]}
  sum: f32[1,2,2,3] = add(a, turned) {activation=none}
  y: f32[1,2,2,3] = add(sum, x) {activation=none}
  back: f32[1,3,2,2] = transpose(a) {permutation=[0,3,1,2]}
  output y
  output turned
  output back
  state a from turned = [${Array.from({ length: 12 }, (_, index) => index + 0.5)}]
  state b from back = [${Array.from({ length: 12 }, (_, index) => -2 * index)}]`,
  operators,
);

/** A state of integers that stand for reals, zeros at first, which takes what is given. */
export const integerSum = parseGraph(
  `graph sum
  input x: i8[1,4]<scale=[0.5], zeroPoint=[3]>
  input total: i8[1,4]<scale=[0.5], zeroPoint=[3]>
  next: i8[1,4]<scale=[0.5], zeroPoint=[3]> = add(total, x) {activation=none}
  y: i8[1,4]<scale=[0.5], zeroPoint=[3]> = add(next, x) {activation=none}
  output y
  output next
  state total from next`,
  operators,
);

export const statefulSamples = [
  { graph: exchange, x: fromNumbers("f32", [1, 2, 2, 3], Array(12).fill(0.25)) },
  { graph: integerSum, x: fromNumbers("i8", [1, 4], [-7, 3, 5, 40]) },
];

/** Numbers of the results of four runs, one after the other, in each of which a graph is given `x`. */
export async function fourRuns(graph: Graph, x: Tensor): Promise<readonly (readonly number[][])[]> {
  const prepared = await referenceEngine().prepare(graph);
  const [input] = givenInputs(graph);
  const runs: (readonly number[][])[] = [];
  for (let run = 0; run < 4; run++) {
    const results = await prepared.run(new Map([[input.name, x]]));
    runs.push(resultOutputs(graph).map(({ value }) => Array.from(numbersOf(results.get(value.name)!), Number)));
  }
  return runs;
}
