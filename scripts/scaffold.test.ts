import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { namesOf } from "./scaffold.ts";
import { treeOf } from "./testing-tree.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));
const tool = (path: string) => join(checkout, "node_modules", path);

/** A copy of the packages without their tests, with the tools and other packages of this checkout. */
function copyOfPackages(): string {
  const root = treeOf({});
  cpSync(join(checkout, "packages"), join(root, "packages"), {
    recursive: true,
    filter: (path) => !path.endsWith(".test.ts") && !path.includes("node_modules"),
  });
  cpSync(join(checkout, "tsconfig.json"), join(root, "tsconfig.json"));
  mkdirSync(join(root, "node_modules/@millrace"), { recursive: true });
  for (const name of readdirSync(tool(""))) {
    if (name !== "@millrace") symlinkSync(tool(name), join(root, "node_modules", name));
  }
  for (const name of readdirSync(join(root, "packages"))) {
    symlinkSync(join(root, "packages", name), join(root, "node_modules/@millrace", name));
  }
  return root;
}

function run(root: string, program: string, ...parameters: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool(program), ...parameters], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const scaffold = (root: string, script: string, name: string) =>
  run(root, "tsx/dist/cli.mjs", join(checkout, "scripts", script), name);

/** Files with type errors. */
function typeErrors(root: string): string[] {
  const { stdout } = run(root, "typescript/bin/tsc", "--noEmit", "--pretty", "false");
  return [...new Set([...stdout.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, path]) => path))];
}

test("names are read in both ways of writing and checked", () => {
  expect(namesOf("space-to-depth2")).toEqual({ kebab: "space-to-depth2", camel: "spaceToDepth2" });
  expect(namesOf("spaceToDepth2")).toEqual({ kebab: "space-to-depth2", camel: "spaceToDepth2" });
  for (const name of [undefined, "", "Gather", "../x", "a b", "a-", "2d"])
    expect(() => namesOf(name)).toThrow("give a name");
});

describe("a new operator", () => {
  test("compiles, passes its test, and makes every table of operators fail to compile", { timeout: 120_000 }, () => {
    const root = copyOfPackages();
    const { status, stdout } = scaffold(root, "new-op.ts", "twice-as-much");
    expect(status).toBe(0);
    expect(typeErrors(root)).toEqual([]);
    expect(run(root, "vitest/vitest.mjs", "run").status).toBe(0);

    const registry = join(root, "packages/ops/src/registry.ts");
    const row = readFileSync(registry, "utf8").replace("const all = {", "const all = {\n  twiceAsMuch,");
    writeFileSync(registry, `import { twiceAsMuch } from "./twice-as-much.ts";\n${row}`);
    const tables = [...stdout.matchAll(/^ {3}(packages\S+)$/gm)].map(([, path]) => path);
    expect(tables.length).toBeGreaterThan(1);
    expect(typeErrors(root)).toEqual(expect.arrayContaining(tables));
    expect(scaffold(root, "new-op.ts", "twiceAsMuch")).toMatchObject({
      status: 2,
      stderr: "packages/ops/src/twice-as-much.ts exists already\n",
    });
  });
});

describe("a new pass", () => {
  test("compiles and passes its test", { timeout: 120_000 }, () => {
    const root = copyOfPackages();
    expect(scaffold(root, "new-pass.ts", "removeDoubles").status).toBe(0);
    expect(typeErrors(root)).toEqual([]);
    const { status, stdout } = run(root, "vitest/vitest.mjs", "run");
    expect([status, stdout]).toEqual([0, expect.stringContaining("1 passed")]);
  });
});
