export * from "./import.ts";
export { handlers } from "./operators.ts";
export { refusals } from "./refusals.ts";
