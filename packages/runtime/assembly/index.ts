export { run } from "./commands";
