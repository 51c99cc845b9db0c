import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codesOf, inProcess, millrace, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();

function table(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

const header = "id,lower,upper,size";
const fitting = table("fitting.csv", header, "b1,0,3,4", "b2,3,9,4", "b3,0,9,4", "b4,9,21,4", "b5,0,21,4");

/** Buffers that keep the planner busy for long. */
const crowd = Array.from({ length: 400 }, (_, index) => {
  const start = (index * 37) % 383;
  return `${index},${start},${start + 5 + ((index * 29) % 97)},${1_000 + ((index * index * 7919) % 99_991)}`;
});

describe("millrace plan", () => {
  it("gives the offset of each buffer and the bytes of the arena, and the bound that proves it", async () => {
    const { exitCode, stdout } = await inProcess(["plan", fitting, "--json"]);
    const document = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(Object.keys(document)).toEqual(["arenaBytes", "lowerBoundBytes", "ms", "offsets"]);
    expect(document).toMatchObject({ arenaBytes: 12, lowerBoundBytes: 12 });
    expect(Object.keys(document.offsets)).toEqual(["b1", "b2", "b3", "b4", "b5"]);
    const text = await inProcess(["plan", fitting, "--capacity", "12"]);
    expect(text.stdout).toMatch(/5 buffers in 12 bytes .* no plan is smaller/);
  });

  it.each([
    ["file.missing", [join(folder, "absent.csv")]],
    ["plan.bad-header", [table("empty.csv")]],
    ["plan.bad-header", [table("other.csv", "name,size", "a,1")]],
    ["plan.bad-buffer", [table("backwards.csv", header, "a,5,4,1")]],
    ["plan.does-not-fit", [fitting, "--capacity", "11"]],
    ["usage.invalid-argument", [fitting, "--time", "0"]],
    ["usage.invalid-argument", [fitting, "--capacity", "-1"]],
  ])("refuses with %s", async (code, words) => {
    const outcome = await inProcess(["plan", ...words, "--json"]);
    expect([outcome.exitCode, codesOf(outcome)]).toEqual([2, [code]]);
  });

  it("ends soon after an interruption", async () => {
    const path = table("crowd.csv", header, ...crowd);
    const { exitCode, stdout } = await millrace(["plan", path, "--time", "500"], { interruptAfter: 3000 });
    expect([130, "SIGINT"]).toContain(exitCode);
    expect(stdout).toBe("");
  });
});
