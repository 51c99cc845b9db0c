export { type PickleGlobal, type UnpickleOptions, unpickle } from "./unpickle.ts";
