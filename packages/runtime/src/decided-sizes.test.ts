import { fromNumbers, type Graph, numbersOf, parseGraph, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "./interpreter.ts";
import { wasmEngine } from "./wasm/engine.ts";

const engines = [referenceEngine, wasmEngine].map((engine) => [engine().name, engine] as const);

const quantized = "<scale=[0.5], zeroPoint=[0]>";

/** Picks the elements of x where c is true, after x was doubled in integers, and tells where they were. */
const picking = `graph picking
input c: bool[4]
input x: i8[4]${quantized}
sum: i8[4]${quantized} = add(x, x) {activation=none}
places: i64[K,1] = where(c) {shape=[K,1]}
flat: i64[K] = reshape(places) {shape=[K]}
picked: i8[K]${quantized} = gather(sum, flat) {axis=0}
output picked
output places
`;

/** A table of all pairs of places: far larger than the condition. */
const pairs = `graph pairs
input c: bool[4096]
places: i64[K,1] = where(c) {shape=[K,1]}
row: i64[1,K] = reshape(places) {shape=[1,K]}
sums: i64[K,K] = add(places, row) {activation=none}
least: i64[1,1] = reduceMin(sums) {axes=[0,1], keepDims=true}
output least
`;

const numbers = (results: ReadonlyMap<string, Tensor>, name: string) => Array.from(numbersOf(results.get(name)!));
const graphOf = (text: string): Graph => parseGraph(text, operators);
const flags = (length: number, ...places: readonly number[]) =>
  fromNumbers(
    "bool",
    [length],
    Array.from({ length }, (_, at) => Number(places.includes(at))),
  );

describe.each(engines)("the %s engine", (_, engine) => {
  it("binds sizes anew in every run to what the data decides", async () => {
    const prepared = await engine().prepare(graphOf(picking));
    const x = fromNumbers("i8", [4], [1, 2, 3, 4]);
    for (const places of [[0, 2, 3], [], [1]]) {
      const results = await prepared.run(
        new Map([
          ["c", flags(4, ...places)],
          ["x", x],
        ]),
      );
      expect(results.get("picked")).toMatchObject({ shape: [places.length] });
      expect(numbers(results, "picked")).toEqual(places.map((at) => 2 * (at + 1)));
      expect(numbers(results, "places")).toEqual(places);
    }
  });

  it("checks a size that is stated", async () => {
    const prepared = await engine().prepare(graphOf(picking.replaceAll("K", "2")));
    const x = fromNumbers("i8", [4], [1, 2, 3, 4]);
    const run = (...places: readonly number[]) =>
      prepared.run(
        new Map([
          ["c", flags(4, ...places)],
          ["x", x],
        ]),
      );
    expect(numbers(await run(1, 3), "picked")).toEqual([4, 8]);
    await expect(run(1)).rejects.toThrow("[1,1] instead of [2,1]");
  });

  it("refuses what takes too much memory when the sizes are known", async () => {
    const prepared = await engine({ maximumBytes: 2 ** 20 }).prepare(graphOf(pairs));
    const few = await prepared.run(new Map([["c", flags(4096, 7, 9)]]));
    expect(numbers(few, "least")).toEqual([14]);
    const all = flags(4096, ...Array.from({ length: 4096 }, (_, at) => at));
    await expect(prepared.run(new Map([["c", all]]))).rejects.toThrow("runtime.too-much-memory");
  });

  it("refuses at once what may take too much memory by itself", async () => {
    await expect(engine({ maximumBytes: 2 ** 12 }).prepare(graphOf(pairs))).rejects.toThrow("runtime.too-much-memory");
  });
});
