import { expect, test } from "vitest";
import { type LinearProblem, loadSolver } from "./solver.ts";

/** Things of some worth and weight, of which those are to be taken that weigh no more than 10. */
const things = [
  [10, 5],
  [40, 4],
  [30, 6],
  [50, 3],
  [35, 3],
] as const;

const problem: LinearProblem = {
  unknowns: things.map(([worth]) => ({ cost: -worth, low: 0, high: 1, isWhole: true })),
  constraints: [{ terms: things.map(([, weight], index) => [index, -weight] as const), low: -10 }],
};

test("the solver finds whole numbers that cost least, and proves it", async () => {
  const solver = await loadSolver();
  for (const start of [undefined, [1, 0, 0, 0, 0]]) {
    const { values, bound } = solver.minimize(problem, 5, start);
    expect(Array.from(values!, (value) => Math.abs(Math.round(value)))).toEqual([0, 1, 0, 1, 1]);
    expect(bound).toBeCloseTo(-125, 3);
  }
});

test("the solver tells that there is no solution", async () => {
  const solver = await loadSolver();
  const impossible = { ...problem, constraints: [{ terms: [[0, 1]] as const, low: 2 }] };
  expect(solver.minimize(impossible, 5).values).toBeUndefined();
});
