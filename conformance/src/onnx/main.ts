import { type SuiteName, suiteNames } from "./suite.ts";
import { problemsOf, runSuite, suiteTable } from "./table.ts";

const words = process.argv.slice(2);
const names = words.filter((word): word is SuiteName => (suiteNames as readonly string[]).includes(word));
const suites = [];
for (const name of names.length > 0 ? names : suiteNames) suites.push(await runSuite(name));
for (const way of ["imported", "converted"] as const)
  if (words.includes(`--${way}`)) for (const suite of suites) console.log(problemsOf(suite, way).join("\n"));
console.log(suiteTable(suites));
