import { readdirSync, readFileSync } from "node:fs";
import { runScaffold, type ScaffoldNames, writeNew } from "./scaffold.ts";

const operator = ({ camel }: ScaffoldNames) => `import { fromNumbers, numbersOf } from "@millrace/ir";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { alongside } from "./transposing.ts";

/** y = x. Say here, as a formula, what the result is. */
export const ${camel} = defineOp({
  name: "${camel}",
  inputs: { x: one("f32") },
  attributes: {},
  quantization: { kind: "float", why: "no target has an integer form of it" },
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
  evaluate: ({ x }) => fromNumbers(x.dtype, x.shape, numbersOf(x)),
  samples: [{ name: "each element", attributes: {}, inputs: [f32([[1, -2]])], outputs: [f32([[1, -2]])] }],
});
`;

const test = ({ camel, kebab }: ScaffoldNames) => `import { Graph } from "@millrace/ir";
import { expect, test } from "vitest";
import { ${camel} } from "./${kebab}.ts";

test("${camel} refuses other inputs than it can compute", () => {
  const x = new Graph("sample").addInput("x", { dtype: "bool", shape: [2] });
  expect(${camel}.check([x], {})).toEqual(["input x is bool, but only f32 will do"]);
});
`;

/** Files that end a table with `satisfies Record<OpName, …>`. */
function tables(): string[] {
  return readdirSync("packages", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
    .map((path) => `packages/${path}`)
    .filter((path) => readFileSync(path, "utf8").includes("satisfies Record<OpName"));
}

runScaffold((names) => {
  const path = `packages/ops/src/${names.kebab}`;
  writeNew({ [`${path}.ts`]: operator(names), [`${path}.test.ts`]: test(names) });
  return `Created ${path}.ts and ${path}.test.ts. Next:
1. Answer for the operator in ${path}.ts; its samples are run by registry.test.ts.
2. Add ${names.camel} to the registry in packages/ops/src/registry.ts, and the file to packages/ops/src/index.ts.
3. npx tsc --noEmit now fails in these tables until each lowers the operator or says unsupported("why"):
${tables()
  .map((table) => `   ${table}`)
  .join("\n")}
4. Let frontends make it: rows in packages/frontends/src/onnx/ops and packages/frontends/src/tflite/operators.ts.
CONTRIBUTING.md says more.`;
});
