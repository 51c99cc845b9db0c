import { fileURLToPath } from "node:url";
import { checkImports } from "./imports/check.ts";

const root = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const problems = checkImports(root);
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`\n${problems.length} problems. What may import what is a table in ARCHITECTURE.md.`);
  process.exitCode = 1;
}
