import { writeFileSync } from "node:fs";
import { operatorsPage } from "./operators/page.ts";

writeFileSync(new URL("../OPERATORS.md", import.meta.url), operatorsPage());
