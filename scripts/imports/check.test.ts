import { expect, test } from "vitest";
import { treeOf } from "../testing-tree.ts";
import { checkImports } from "./check.ts";

const architecture = `
| package | purpose | may import |
|---|---|---|
| ir | graph | – |
| ops | operators | ir |
| targets/* | write | ir |
| devices | run | ir, targets |
| toolkit | all | all above |
| devices/node | run on Node | devices |
| apps/* | for people | toolkit, devices/node |
| examples, scripts | beside | all above |
`;

function manifest(name: string, entries: readonly string[], dependencies: readonly string[] = []) {
  return {
    name: `@millrace/${name}`,
    exports: Object.fromEntries(entries.map((entry) => [entry, `./src${entry.slice(1)}/index.ts`])),
    dependencies: Object.fromEntries(dependencies.map((name) => [name, "1.0.0"])),
  };
}

/** A checkout that keeps every rule. */
const sound: Record<string, unknown> = {
  "ARCHITECTURE.md": architecture,
  "package.json": { workspaces: ["packages/*", "apps/*", "examples/*"], devDependencies: { vitest: "4.0.0" } },
  "packages/ir/package.json": manifest("ir", ["."]),
  "packages/ir/src/index.ts": "export const a = 1;",
  "packages/ops/package.json": manifest("ops", ["."], ["@millrace/ir", "fflate"]),
  "packages/ops/src/index.ts": 'import { a } from "@millrace/ir"; import "fflate"; import "./deep/b.ts";',
  "packages/ops/src/deep/b.ts": "",
  "packages/ops/src/index.test.ts":
    'import "node:fs"; import "vitest"; import "@millrace/toolkit"; import "../../ir/src/index.ts"; import "./testing.ts";',
  "packages/ops/src/testing.ts": 'import "vitest"; import "@millrace/toolkit";',
  "packages/targets/package.json": manifest("targets", ["./onnx", "./tflite"], ["@millrace/ir"]),
  "packages/targets/src/onnx/index.ts": 'export * from "@millrace/ir";',
  "packages/targets/src/tflite/index.ts": "",
  "packages/devices/package.json": manifest(
    "devices",
    ["./web", "./node"],
    ["@millrace/ir", "@millrace/targets", "onnxruntime-node"],
  ),
  "packages/devices/src/web/index.ts": 'import "@millrace/ir"; import "@millrace/targets/onnx";',
  "packages/devices/src/node/index.ts": 'import "node:fs"; import("onnxruntime-node"); import "../web/index.ts";',
  "packages/toolkit/package.json": manifest("toolkit", ["."], ["@millrace/devices", "@millrace/ir"]),
  "packages/toolkit/src/index.ts": 'import "@millrace/devices/web"; import type { A } from "@millrace/ir";',
  "apps/cli/package.json": manifest("cli", ["."], ["@millrace/toolkit", "@millrace/devices", "tsx"]),
  "apps/cli/src/index.ts": 'import "fs"; import "@millrace/toolkit"; import "@millrace/devices/node";',
  "apps/cli/bin/run.mjs": 'register("tsx/esm");',
  "examples/digits/package.json": manifest("example", [], ["@millrace/cli"]),
  "examples/digits/start.ts": 'import "@millrace/cli"; import "node:fs"; import "vitest";',
  "scripts/check.ts": 'import "node:fs"; import "@millrace/ops";',
};

const problemsWith = (changes: Record<string, unknown>) => checkImports(treeOf({ ...sound, ...changes }));

test("finds nothing in a sound checkout", () => {
  expect(problemsWith({})).toEqual([]);
});

const broken: Record<string, readonly [changes: Record<string, unknown>, problems: readonly string[]]> = {
  "a package above": [
    { "packages/ir/src/index.ts": '\nexport * from "@millrace/ops";' },
    ["packages/ir/src/index.ts:2 imports @millrace/ops, allowed: nothing"],
  ],
  "types and dynamic imports alike": [
    { "packages/ir/src/index.ts": 'type A = import("@millrace/ops").A; import type { B } from "@millrace/toolkit";' },
    [
      "packages/ir/src/index.ts:1 imports @millrace/ops, allowed: nothing",
      "packages/ir/src/index.ts:1 imports @millrace/toolkit, allowed: nothing",
    ],
  ],
  "a package above by a path": [
    { "packages/ir/src/deep/a.ts": 'import "../../../ops/src/index.ts";' },
    ["packages/ir/src/deep/a.ts:1 imports ../../../ops/src/index.ts, allowed: nothing"],
  ],
  "an allowed package by a path": [
    { "packages/ops/src/deep/b.ts": 'import "../../../ir/src/index.ts";' },
    [
      "packages/ops/src/deep/b.ts:1 imports ../../../ir/src/index.ts, which leaves the package; import @millrace/ir instead",
    ],
  ],
  "a sibling of a family": [
    { "packages/targets/src/tflite/index.ts": 'import "../onnx/index.ts";' },
    ["packages/targets/src/tflite/index.ts:1 imports ../onnx/index.ts, allowed: ir"],
  ],
  "devices/node from the toolkit": [
    { "packages/toolkit/src/a.ts": 'await import("@millrace/devices/node");' },
    ["packages/toolkit/src/a.ts:1 imports @millrace/devices/node, allowed: ir, ops, targets, devices"],
  ],
  "devices/node from the rest of devices": [
    { "packages/devices/src/web/b.ts": 'import "../node/index.ts";' },
    ["packages/devices/src/web/b.ts:1 imports ../node/index.ts, allowed: ir, targets"],
  ],
  "Node outside its places": [
    {
      "packages/ops/src/a.ts": 'import "node:fs";\nimport "path";\nimport "fs/promises";\nimport("onnxruntime-node");',
    },
    ["node:fs", "path", "fs/promises", "onnxruntime-node"].map(
      (name, index) =>
        `packages/ops/src/a.ts:${index + 1} imports ${name}, allowed only in apps, folders called node, tests and development folders: this file also runs in browsers`,
    ),
  ],
  "tests from other files": [
    { "packages/ops/src/a.ts": 'import "./testing.ts";' },
    ["packages/ops/src/a.ts:1 imports ./testing.ts, which is for tests only"],
  ],
  "undeclared packages": [
    {
      "packages/ops/src/deep/b.ts": 'import "left-pad"; import "@scope/name/sub"; import "vitest";',
      "packages/ops/src/index.test.ts": 'import "right-pad";',
      "examples/digits/start.ts": 'import "@millrace/cli"; import "@millrace/ir";',
    },
    [
      "packages/ops/src/deep/b.ts:1 imports left-pad, which packages/ops/package.json does not list",
      "packages/ops/src/deep/b.ts:1 imports @scope/name/sub, which packages/ops/package.json does not list",
      "packages/ops/src/deep/b.ts:1 imports vitest, which packages/ops/package.json does not list",
      "packages/ops/src/index.test.ts:1 imports right-pad, which packages/ops/package.json does not list",
      "examples/digits/start.ts:1 imports @millrace/ir, which examples/digits/package.json does not list",
    ],
  ],
  "what a package does not export": [
    { "apps/cli/src/a.ts": 'import "@millrace/toolkit/src/index.ts";' },
    ["apps/cli/src/a.ts:1 imports @millrace/toolkit/src/index.ts, which packages/toolkit/package.json does not export"],
  ],
  "dependencies that nothing imports, or only tests": [
    {
      "packages/ops/src/index.ts": 'import { a } from "@millrace/ir"; // import "fflate"',
      "packages/ops/src/fflate.test.ts": 'import "fflate";',
      "packages/ir/package.json": {
        ...manifest("ir", [".", "./deep"], ["left-pad"]),
        devDependencies: { "right-pad": "1" },
      },
    },
    [
      "packages/ir/package.json lists left-pad, which none of its files imports",
      "packages/ir/package.json lists right-pad, which none of its files imports",
      "packages/ops/package.json lists fflate, which only tests import: a devDependency",
    ],
  ],
  "packages and rows without each other": [
    {
      "ARCHITECTURE.md": architecture.replace("| ops |", "| operators |"),
      "scripts/check.ts": "",
    },
    [
      "packages/ops/src/index.ts:1 imports @millrace/ir, but no row of the table is about packages/ops/src/index.ts",
      "packages/ops/src/index.ts:1 imports ./deep/b.ts, but no row of the table is about packages/ops/src/index.ts",
      "ARCHITECTURE.md has a row operators, which has no files",
    ],
  ],
};

test.each(Object.entries(broken))("finds %s", (_, [changes, problems]) => {
  expect(problemsWith(changes).toSorted()).toEqual(problems.toSorted());
});
