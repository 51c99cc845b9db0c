export { tfliteProblems } from "./constraints.ts";
export { exportTflite, type TfliteExport, type TfliteExportOptions } from "./export.ts";
export { legalizations } from "./legalize/index.ts";
