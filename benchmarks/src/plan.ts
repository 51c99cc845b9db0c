import { existsSync, readFileSync } from "node:fs";
import { planMemory, readBuffers, verifyPlan } from "@millrace/toolkit";
import { type Benchmark, row } from "./row.ts";

const folder = new URL("../../../shared/assets/minimalloc/", import.meta.url);
const capacity = 1_048_576;

/** Most and least time that MiniMalloc's own solver is published to need for one of these instances. */
const published = { least: 1300, most: 11_000 } as const;

/** Time to fit each of MiniMalloc's challenging instances into its capacity. */
export const planArenas: Benchmark = async () => {
  const present = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K"]
    .map((name) => ({ name, url: new URL(`${name}.${capacity}.csv`, folder) }))
    .filter(({ url }) => existsSync(url));
  if (present.length === 0) return { skipped: "needs ../shared/assets/minimalloc" };
  return present.flatMap(({ name, url }) => {
    const buffers = readBuffers(new Uint8Array(readFileSync(url)));
    const plan = planMemory(buffers, { capacity, milliseconds: 60_000 });
    verifyPlan(buffers, plan);
    const title = `plan ${name}${plan.arenaBytes > capacity ? ", not solved" : ""}`;
    return [
      row(title, plan.ms, published.most, "MiniMalloc, slowest instance as published", "ms"),
      row(title, plan.ms, published.least, "MiniMalloc, fastest instance as published", "ms"),
    ];
  });
};
