import { expect, test } from "vitest";
import { importsOf } from "./statements.ts";

const found = (source: string) => importsOf(source).statements.map(({ specifier, line }) => `${line} ${specifier}`);

test("finds every form of import with its line", () => {
  const source = `import "a";
import b from "b";
import * as c from 'c';
import d, { type e as f, "g h" as i } from "d";
import type {
  J,
} from "j";
import type K from "k";
import l from "./l.json" with { type: "json" };
export * from "m";
export * as n from "n";
export { o, p as default } from "o";
export type { Q } from "q";
export type * from "r";
const s = await import("s");
const t = await import(\`t\`);
let u: typeof import("u") | import("u2").U;
const v = require("v");
import w from"w";import x from/* here */"x"`;
  expect(found(source)).toEqual([
    ..."1 a,2 b,3 c,4 d,7 j,8 k,9 ./l.json,10 m,11 n,12 o,13 q,14 r,15 s,16 t,17 u,17 u2,18 v,19 w,19 x".split(","),
  ]);
});

test("is not misled by comments, strings, templates and regular expressions", () => {
  const source = `
// import "comment";
/* import "comment"; */
const a = 'import "string"' + "import('string')" + "\\" import 'x'";
const b = \`import "template"; \${a + \`\${"}"}import "deep"\`} import "template"\`;
const c = /import "expression"/.test(a) || /[/"']import("class")/.test(a);
const d = a.length / 2; const e = c! / 2; const f = "/";
const g = { import: "key", export: "key", require: "key" };
a.import("method"); a.require("method");
export { a, b }
export const from = "constant";
export default from;
export type H = "type";
const i = import.meta.url;
const j = import(a);
if (!/"/.test(a)) throw /'/;
`;
  expect(found(source)).toEqual([]);
});

test("sees imports inside templates and after what looks like their end", () => {
  const source = `\`a \${await import("b")} } \${{ c: { d: "}" } }.c} e\`;
const f = 1 / 2; // "
import g from "g"; const h = x /1/ y; import "i";
export { h }
import "j";`;
  expect(found(source)).toEqual(["1 b", "3 g", "3 i", "5 j"]);
});

test("keeps all strings, so that names given to loaders count as used", () => {
  const source = `load("package", 'file', \`folder/\${"name"}.json\`); // "comment"`;
  expect([...importsOf(source).strings]).toEqual(["package", "file", "folder/${", "name"]);
});

test.each(["", "import", "import {", "export { a } from", 'import "a', "`${", "}}}", "/", "import(", '"\\'])(
  "ends on broken source: %s",
  (source) => {
    expect(importsOf(source).statements.length).toBeLessThanOrEqual(1);
  },
);

test("reads megabytes of source", () => {
  const source = `${`const a = \`\${"b"}\` / 2; // c\n`.repeat(50_000)}import "d";`;
  expect(found(source)).toEqual(["50001 d"]);
});
