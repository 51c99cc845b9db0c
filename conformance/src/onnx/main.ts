import { differingIn, liteRtTable, runInLiteRt } from "./litert.ts";
import { type SuiteName, suiteNames } from "./suite.ts";
import { problemsOf, runSuite, suiteTable } from "./table.ts";

const words = process.argv.slice(2);
const given = words.filter((word): word is SuiteName => (suiteNames as readonly string[]).includes(word));
const names = given.length > 0 ? given : suiteNames;

async function printSuites(): Promise<void> {
  const suites = [];
  for (const name of names) suites.push(await runSuite(name));
  for (const way of ["imported", "converted"] as const)
    if (words.includes(`--${way}`)) for (const suite of suites) console.log(problemsOf(suite, way).join("\n"));
  console.log(suiteTable(suites));
}

async function printLiteRt(): Promise<void> {
  for (const name of names) {
    const results = await runInLiteRt(name);
    console.log([...differingIn(results), liteRtTable(name, results)].join("\n"));
  }
}

await (words.includes("--litert") ? printLiteRt() : printSuites());
