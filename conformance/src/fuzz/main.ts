import { parseArgs } from "node:util";
import type { Mutation } from "./fuzz-case.ts";
import { faults, type Outcome } from "./outcome.ts";
import { arraySources, example, type FuzzSource, operatorSources, sharedSources } from "./sources.ts";
import { Supervisor } from "./supervise.ts";

/**
 * Feeds damaged models to everything that reads and runs them, and counts what became of them; exit code 1 if anything but a correct
 * run or a diagnostic did. `npm run fuzz -- --mutation field --match CONV --cases 1000`.
 */
const { values: options } = parseArgs({
  options: {
    mutation: { type: "string" },
    cases: { type: "string" },
    from: { type: "string", default: "0" },
    match: { type: "string", default: "" },
  },
});

interface Campaign {
  readonly mutation: Mutation;
  readonly sources: readonly FuzzSource[];
  readonly cases: (source: FuzzSource) => number;
}

const small = [
  example("digits_int8_tf.tflite"),
  example("digits.onnx"),
  example("digits.pt2"),
  example("digits_float.tflite"),
];
const singles = [...operatorSources("tflite"), ...operatorSources("onnx")];
const arrays = arraySources();
const shared = sharedSources();
const whole = shared.filter(({ name }) => !name.startsWith("fixtures/kernels"));

/** The smallest three files of each format. */
function smallest(sources: readonly FuzzSource[]): readonly FuzzSource[] {
  const bySize = [...sources].sort((a, b) => a.bytes.length - b.bytes.length);
  return [".tflite", ".onnx", ".pt2"].flatMap((ending) =>
    bySize.filter(({ name }) => name.endsWith(ending)).slice(0, 3),
  );
}

const campaigns: readonly Campaign[] = [
  { mutation: "truncate", sources: [...small.slice(0, 3), ...arrays], cases: ({ bytes }) => bytes.length },
  { mutation: "flip", sources: [...small.slice(0, 3), ...arrays, ...smallest(whole)], cases: () => 10_000 },
  { mutation: "field", sources: [...small, ...singles, ...shared], cases: () => 300 },
];

const counts = new Map<string, number>();
const supervisor = new Supervisor();
let failed = false;

function record(source: FuzzSource, mutation: Mutation, index: number, { kind, detail }: Outcome): void {
  const key = `${mutation} ${kind}${kind === "refused" ? ` ${detail}` : ""}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
  if (!faults.includes(kind)) return;
  failed = true;
  console.log(`${kind} ${source.name} --mutation ${mutation} --from ${index} --cases 1\n  ${detail.slice(0, 600)}`);
}

for (const { mutation, sources, cases } of campaigns) {
  if (options.mutation !== undefined && options.mutation !== mutation) continue;
  for (const source of sources.filter(({ name }) => name.includes(options.match))) {
    const from = Number(options.from);
    const to = from + (options.cases === undefined ? cases(source) : Number(options.cases));
    await supervisor.run({ source, mutation, from, to }, (index, outcome) => record(source, mutation, index, outcome));
  }
}
supervisor.end();
for (const [key, count] of [...counts].sort()) console.log(`${String(count).padStart(8)}  ${key}`);
process.exitCode = failed ? 1 : 0;
