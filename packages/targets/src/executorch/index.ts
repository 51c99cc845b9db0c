export * from "./edge-program.ts";
export { exportPte, type PteExport, type PteExportOptions } from "./export-pte.ts";
export { lowerEdge } from "./lower-edge.ts";
export { printEdge } from "./print-edge.ts";
