export * from "./import.ts";
export { handlers } from "./operators.ts";
export { sourcePlaces } from "./places.ts";
export { refusals } from "./refusals.ts";
