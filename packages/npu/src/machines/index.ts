import type { Machine } from "../machine.ts";
import { genericMachines } from "./generic.ts";
import { imx95 } from "./imx95.ts";
import { imxrt700 } from "./imxrt700.ts";
import { mcxn94x } from "./mcxn94x.ts";

/** Every machine that comes with the project, by its name. */
export const machines: Readonly<Record<string, Machine>> = {
  imxrt700,
  mcxn94x,
  imx95,
  ...Object.fromEntries(genericMachines.map((machine) => [machine.name, machine])),
};
