export * from "./edge-program.ts";
export { lowerEdge } from "./lower-edge.ts";
export { printEdge } from "./print-edge.ts";
