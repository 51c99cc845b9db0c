export * from "./edge-program.ts";
export { exportPte, type PteExport, type PteExportOptions } from "./export-pte.ts";
export { lowerEdge } from "./lower-edge.ts";
export { type PrintedStep, printEdge, printedSteps } from "./print-edge.ts";
