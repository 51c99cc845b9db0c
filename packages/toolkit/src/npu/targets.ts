import { fail } from "@millrace/ir";
import { type Machine, machines } from "@millrace/npu";

/** What can be compiled for, beside the file formats. */
const machineNames = Object.keys(machines);

/** A machine by its name. Throws `target.unknown`. */
export function machineOf(name: string): Machine {
  if (Object.hasOwn(machines, name)) return machines[name];
  return fail("target.unknown", `no machine is called ${name}`, {
    hint: `take one of ${machineNames.join(", ")}, or give the description of your own with --machine`,
  });
}

/** Every machine that comes with the project. */
export const allMachines: readonly Machine[] = Object.values(machines);
