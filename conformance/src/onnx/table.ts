import { type CaseResult, type Outcome, runCase } from "./run-case.ts";
import { readSuite, type SuiteName } from "./suite.ts";

/** All results of a suite, and how many cases ended in each way. */
export interface SuiteResult {
  readonly suite: SuiteName;
  readonly results: readonly CaseResult[];
}

export type Counts = Readonly<Record<Outcome["kind"], number>>;

export async function runSuite(suite: SuiteName): Promise<SuiteResult> {
  const results: CaseResult[] = [];
  for (const stored of readSuite(suite)) results.push(await runCase(stored));
  return { suite, results };
}

/** How many cases ended in each way. */
export function countOutcomes(outcomes: readonly Outcome[]): Counts {
  const counts = { equal: 0, refused: 0, wrong: 0, broken: 0 };
  for (const { kind } of outcomes) counts[kind]++;
  return counts;
}

/** The table of all suites, a line each. */
export function suiteTable(suites: readonly SuiteResult[]): string {
  const lines = suites.map(({ suite, results }) => {
    const row = (outcomes: readonly Outcome[]) => {
      const { equal, refused, wrong, broken } = countOutcomes(outcomes);
      const share = ((100 * equal) / Math.max(1, outcomes.length)).toFixed(1);
      return `${equal} equal (${share} %), ${refused} refused, ${wrong} wrong, ${broken} broken`;
    };
    return [
      `${suite}: ${results.length} cases`,
      `  imported and run by the interpreter   ${row(results.map(({ imported }) => imported))}`,
      `  written to TFLite, read back and run  ${row(results.map(({ converted }) => converted))}`,
      `    of these equal with given values of inputs only  ${results.filter(({ needsValues }) => needsValues).length}`,
    ].join("\n");
  });
  return lines.join("\n");
}

/** Cases that did not end equal, with the reason, those that are our fault first. */
export function problemsOf({ results }: SuiteResult, way: "imported" | "converted"): readonly string[] {
  const order = ["broken", "wrong", "refused"];
  return results
    .filter((result) => result[way].kind !== "equal")
    .sort((a, b) => order.indexOf(a[way].kind) - order.indexOf(b[way].kind))
    .map((result) => {
      const outcome = result[way];
      const why = outcome.kind === "equal" ? "" : outcome.reason.split("\n")[0];
      return `${outcome.kind}\t${result.name}\t${"code" in outcome ? outcome.code : ""}\t${why}`;
    });
}
