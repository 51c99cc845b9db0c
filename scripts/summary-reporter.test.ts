import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { treeOf } from "./testing-tree.ts";

const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const reporter = fileURLToPath(new URL("summary-reporter.ts", import.meta.url));

const config = `import { SummaryReporter } from ${JSON.stringify(reporter)};
export default { test: { globals: true, include: ["*.test.js"], reporters: ["default", new SummaryReporter()] } };`;

/** Exit code and last line of a run of test files. */
function runTests(files: Readonly<Record<string, string>>): readonly [number | null, string | undefined] {
  const root = treeOf({ "package.json": { type: "module" }, "vitest.config.js": config, ...files });
  const { status, stdout } = spawnSync(process.execPath, [vitest, "run"], { cwd: root, encoding: "utf8" });
  return [status, stdout.trimEnd().split("\n").at(-1)];
}

test("counts tests that pass, are skipped and are still to do", () => {
  const passing = 'test("a", () => {}); describe("b", () => { test("c", () => {}); test.skip("d", () => {}); });';
  const files = { "a.test.js": passing, "b.test.js": 'test.todo("e"); describe.skip("f", () => test("g", () => {}));' };
  expect(runTests(files)).toEqual([0, "2 passed, 0 failed, 3 skipped"]);
});

test("counts as failed what fails: a test, a file that can't be loaded, a set-up, an error outside tests", () => {
  const files = {
    "a.test.js": 'test("a", () => { throw new Error(); }); test("b", () => {});',
    "b.test.js": 'import "./missing.js";',
    "c.test.js": 'beforeAll(() => { throw new Error(); }); test("c", () => {});',
    "d.test.js":
      'test("d", () => { setTimeout(() => { throw new Error(); }); return new Promise((f) => setTimeout(f, 50)); });',
  };
  expect(runTests(files)).toEqual([1, "2 passed, 4 failed, 1 skipped"]);
});
