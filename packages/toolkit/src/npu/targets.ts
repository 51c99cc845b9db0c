import { fail } from "@millrace/ir";
import { type Machine, machines } from "@millrace/npu";

/** A machine by its name. Throws `target.unknown`. */
export function machineOf(name: string): Machine {
  if (Object.hasOwn(machines, name)) return machines[name];
  return fail("target.unknown", `no machine is called ${name}`, {
    hint: `take one of ${Object.keys(machines).join(", ")}, or a file format that \`millrace targets\` names, or give the description of your own with --machine`,
  });
}

/** Every machine that comes with the project. */
export const allMachines: readonly Machine[] = Object.values(machines);
