import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { operatorsPage } from "./page.ts";

const stored = new URL("../../OPERATORS.md", import.meta.url);

it("OPERATORS.md is what the tables say; else `npm run operators-md` brings it up to date", () => {
  expect(readFileSync(stored, "utf8")).toBe(operatorsPage());
});

it("leaves no cell empty", () => {
  const rows = operatorsPage()
    .split("\n")
    .filter((line) => line.startsWith("| "));
  expect(rows.length).toBeGreaterThan(300);
  for (const row of rows) expect(row).not.toMatch(/\|\s+\|/);
});
