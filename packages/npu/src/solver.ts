/** An unknown of a linear problem. */
export interface Unknown {
  readonly cost: number;
  readonly low: number;
  readonly high: number;
  readonly isWhole: boolean;
}

/** A sum of unknowns, each times a factor, that is at least `low`. */
export interface Constraint {
  readonly terms: readonly (readonly [unknown: number, factor: number])[];
  readonly low: number;
}

/** What unknowns cost least, some of which are whole numbers. */
export interface LinearProblem {
  readonly unknowns: readonly Unknown[];
  readonly constraints: readonly Constraint[];
}

export interface Solution {
  /** The best that was found; undefined if none was. */
  readonly values: ArrayLike<number> | undefined;
  /** No solution costs less. */
  readonly bound: number;
}

/** Finds the least of linear problems. */
export interface Solver {
  /** The best solution that there is or that is found in so many seconds, from `start` on if that is one. */
  minimize(problem: LinearProblem, seconds: number, start?: ArrayLike<number>): Solution;
}

/** HiGHS in WebAssembly, which takes a moment to load. */
export async function loadSolver(): Promise<Solver> {
  const { default: loadHighs } = await import("highs");
  const highs = await loadHighs();
  return {
    minimize({ unknowns, constraints }, seconds, start) {
      const model = highs.createModel({
        numCols: unknowns.length,
        numRows: constraints.length,
        colCost: unknowns.map(({ cost }) => cost),
        colLower: unknowns.map(({ low }) => low),
        colUpper: unknowns.map(({ high }) => high),
        rowLower: constraints.map(({ low }) => low),
        rowUpper: constraints.map(() => highs.infinity),
        integrality: Int32Array.from(unknowns, ({ isWhole }) => Number(isWhole)),
        matrix: matrixOf(constraints, unknowns.length),
      });
      try {
        model.options.set({ output_flag: false, time_limit: seconds, mip_rel_gap: 1e-6 });
        if (start) model.setSolution({ colValue: Float64Array.from(start) });
        model.run();
        const isFound = model.info.get("primal_solution_status") === highs.constants.solutionStatus.feasible;
        const bound = Number(model.info.get("mip_dual_bound"));
        return { values: isFound ? model.getSolution().colValue : undefined, bound };
      } finally {
        model.dispose();
      }
    },
  };
}

/** The factors of constraints, row by row. */
function matrixOf(constraints: readonly Constraint[], numCols: number) {
  const starts = [0];
  for (const { terms } of constraints) starts.push(starts[starts.length - 1] + terms.length);
  const terms = constraints.flatMap(({ terms }) => terms);
  return {
    format: "csr",
    numRows: constraints.length,
    numCols,
    starts,
    indices: terms.map(([unknown]) => unknown),
    values: terms.map(([, factor]) => factor),
  } as const;
}
