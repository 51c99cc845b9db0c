export { importExecutorch } from "./import.ts";
