export { importTflite, type TfliteImport, type TfliteImportOptions } from "./import.ts";
