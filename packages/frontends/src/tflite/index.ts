export { importTflite, type TfliteImport, type TfliteImportOptions } from "./import.ts";
export { importers, refusals } from "./operators.ts";
