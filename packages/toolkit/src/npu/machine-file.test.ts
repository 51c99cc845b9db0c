import { readFileSync } from "node:fs";
import { DiagnosticError } from "@millrace/ir";
import { expect, it } from "vitest";
import { parseMachine } from "./machine-file.ts";
import { allMachines } from "./targets.ts";

const machine = allMachines.find(({ outer }) => outer)!;

function refusalOf(description: unknown): string {
  try {
    parseMachine(description);
  } catch (error) {
    if (error instanceof DiagnosticError) return error.message;
    throw error;
  }
  return "";
}

it("takes every machine of the project back from its JSON", () => {
  for (const known of allMachines) expect(parseMachine(JSON.parse(JSON.stringify(known)))).toEqual(known);
});

it("documents every key", () => {
  const page = readFileSync(new URL("../../../../docs/machines.md", import.meta.url), "utf8");
  const firstCells = page.split("\n").map((line) => line.split("|")[1] ?? "");
  const documented = firstCells.flatMap((cell) => {
    const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    const [parent] = names[0]?.includes(".") ? names[0].split(/\.[^.]*$/) : [""];
    return names.map((name) => (name.includes(".") || parent === "" ? name : `${parent}.${name}`));
  });
  const [mode] = Object.keys(machine.modes);
  const keysOf = (value: object, prefix = ""): readonly string[] =>
    Object.entries(value).flatMap(([key, child]) => {
      const path = `${prefix}${key}`.replace(`modes.${mode}.`, "modes.*.");
      return typeof child === "object" ? keysOf(child, `${prefix}${key}.`) : [path];
    });
  const keys = keysOf({ ...machine, modes: { [mode]: machine.modes[mode] } });
  expect(keys.filter((key) => !documented.includes(key))).toEqual([]);
  expect(documented).toContain("modes.*.writeBack");
});

it("tells all that contradicts itself at once, and keys that are missing, unknown or of another type", () => {
  const contradictory = refusalOf({
    ...machine,
    name: "../mine",
    processor: { ...machine.processor, element: -34 },
    array: { ...machine.array, depthwiseLanes: machine.array.lanes + 1 },
    memory: { bytes: 2 ** 40, alignment: 12, banks: 0 },
    outer: { ...machine.outer, channels: 0, start: -1, readBytesPerCycle: 0 },
    modes: { slow: { operator: -1, job: 0, writeBack: 0 } },
  });
  for (const key of [
    "name",
    "array.depthwiseLanes",
    "memory.bytes",
    "memory.alignment",
    "memory.banks",
    "outer.channels",
    "outer.start",
    "outer has to read",
    "modes.slow.operator",
    "processor.element",
  ])
    expect(contradictory).toContain(key);
  const { clockMHz, ...rest } = machine;
  const odd = refusalOf({ ...rest, clock: clockMHz, ports: { weights: "8", data: 8 } });
  for (const key of ["clockMHz", "clock", "ports.weights"]) expect(odd).toContain(key);
  expect(refusalOf([])).toMatch(/machine\.bad/);
  expect(refusalOf({ ...machine, modes: {} })).toMatch(/modes is an empty object/);
});
