import { describe, expect, it } from "vitest";
import { type Mutation, mutated } from "./fuzz-case.ts";
import { faults, type Outcome, outcomeOf } from "./outcome.ts";
import { arraySources, example, type FuzzSource, operatorSources } from "./sources.ts";

/** Outcomes of cases that are no right ones, and how many there were of each kind. */
async function tried(
  sources: readonly FuzzSource[],
  mutation: Mutation,
  cases: (source: FuzzSource) => readonly number[],
) {
  const counts: Partial<Record<Outcome["kind"], number>> = {};
  const wrong: string[] = [];
  for (const source of sources) {
    for (const index of cases(source)) {
      const bytes = mutated(source, mutation, index);
      const { kind, detail } = bytes ? await outcomeOf(source.name, bytes) : ({ kind: "skipped", detail: "" } as const);
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (faults.includes(kind)) wrong.push(`${source.name} ${mutation} ${index}: ${kind} ${detail}`);
    }
  }
  return { counts, wrong };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.each(["tflite", "onnx"] as const)("damaged .%s files run or are refused", (format) => {
  const sources = operatorSources(format);
  const [smallest] = [...sources].sort((a, b) => a.bytes.length - b.bytes.length);

  it("whatever field of an operator's model differs", async () => {
    const { counts, wrong } = await tried(sources, "field", () => [0]);
    expect(wrong).toEqual([]);
    expect(counts.ran).toBeGreaterThan(30);
    expect(counts.refused).toBeGreaterThan(30);
  });

  it("wherever the file ends", async () => {
    const { counts, wrong } = await tried([smallest], "truncate", ({ bytes }) => upTo(bytes.length));
    expect(wrong).toEqual([]);
    expect(counts.refused).toBeGreaterThan(smallest.bytes.length / 2);
  });

  it("whatever bits are flipped", async () => {
    const { counts, wrong } = await tried(sources, "flip", () => [0]);
    expect(wrong).toEqual([]);
    expect(counts.refused).toBeGreaterThan(30);
  });
});

describe("a damaged .pt2 file runs or is refused", () => {
  const source = example("digits.pt2");

  it.each<[string, Mutation, readonly number[]]>([
    ["whatever field of its program differs", "field", upTo(20)],
    ["wherever it ends", "truncate", upTo(30).map((part) => Math.floor((source.bytes.length * part) / 30))],
    ["whatever bits are flipped", "flip", upTo(20)],
  ])("%s", async (_, mutation, cases) => {
    const { counts, wrong } = await tried([source], mutation, () => cases);
    expect(wrong).toEqual([]);
    expect(counts.refused).toBeGreaterThan(2);
  });
});

describe.each(arraySources())("a damaged $name", (source) => {
  it("is refused wherever it ends", async () => {
    const { counts, wrong } = await tried([source], "truncate", ({ bytes }) => upTo(bytes.length));
    expect(wrong).toEqual([]);
    expect(counts).toEqual({ refused: source.bytes.length });
  });

  it("is read or refused, whatever bits are flipped", async () => {
    expect((await tried([source], "flip", () => upTo(200))).wrong).toEqual([]);
  });
});
