import { createLiteRt, tfliteEngine } from "@millrace/devices/node";
import { type Outcome, runConverted } from "./run-case.ts";
import { readSuite, type SuiteName } from "./suite.ts";

/** What LiteRT made of the file of a case. */
export interface LiteRtResult {
  readonly name: string;
  readonly outcome: Outcome;
}

/** Runs the TFLite files of every `step`th case of a suite in LiteRT.js, and compares with the stored results. */
export async function runInLiteRt(suite: SuiteName, step = 1): Promise<readonly LiteRtResult[]> {
  const runtime = await createLiteRt();
  const engineFor = (file: Uint8Array) => tfliteEngine([async () => runtime], { file });
  const results: LiteRtResult[] = [];
  for (const [index, stored] of readSuite(suite).entries()) {
    if (index % step !== 0) continue;
    const { converted } = await runConverted(stored, engineFor);
    results.push({ name: stored.name, outcome: converted });
  }
  return results;
}

/** Cases that LiteRT ran and that ended otherwise than stored. */
export function differingIn(results: readonly LiteRtResult[]): readonly string[] {
  return results.flatMap(({ name, outcome }) =>
    outcome.kind === "wrong" || outcome.kind === "broken" ? [`${name}: ${outcome.reason}`] : [],
  );
}

/** How many cases ran, differed and were not run, and what LiteRT said of the last, by the operator or type it lacks. */
export function liteRtTable(suite: SuiteName, results: readonly LiteRtResult[]): string {
  const count = (kind: Outcome["kind"]) => results.filter(({ outcome }) => outcome.kind === kind).length;
  const reasons = new Map<string, string[]>();
  let unconverted = 0;
  for (const { name, outcome } of results) {
    if (outcome.kind !== "refused") continue;
    if (outcome.code.startsWith("tflite-runtime.")) {
      const reason = reasonIn(outcome.reason);
      reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
    } else unconverted++;
  }
  const lacking = [...reasons].map(([reason, names]) => `  ${names.length} because ${reason}: ${names.join(" ")}`);
  const ran = count("equal");
  const differing = count("wrong") + count("broken");
  const declined = results.length - ran - differing - unconverted;
  return [
    `${suite} in LiteRT.js: ${ran} equal, ${differing} differing, ${declined} that it does not run, ${unconverted} not converted`,
    ...lacking,
  ].join("\n");
}

const reasons: readonly (readonly [pattern: RegExp, reason: (found: RegExpExecArray) => string])[] = [
  [/Node number \d+ \((\w+)\) failed/, ([, operator]) => `${operator} is not there for these types`],
  [/elementType|gave \d+ bytes|has \d+ bytes/, () => "LiteRT.js passes no tensors of less than a byte an element"],
  [/packed bytes|tensor_buffer/, () => "LiteRT.js passes no empty tensors"],
];

function reasonIn(message: string): string {
  for (const [pattern, reason] of reasons) {
    const found = pattern.exec(message);
    if (found) return reason(found);
  }
  return message.split("\n")[0];
}
