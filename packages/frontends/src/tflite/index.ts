export { importTflite, type TfliteImport, type TfliteImportOptions } from "./import.ts";
export { importers } from "./operators.ts";
export { refusalOf } from "./refusals.ts";
