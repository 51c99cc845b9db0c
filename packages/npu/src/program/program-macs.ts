import { machines } from "../machines/index.ts";
import type { Program } from "./program.ts";

/** Multiply-accumulates of a program; none where it was made for a machine that is not among the built-in ones, as only its description tells what commands do. */
export function programMacs({ machine, mode, commands }: Program): number {
  const known = Object.hasOwn(machines, machine) ? machines[machine] : undefined;
  if (known === undefined || !Object.hasOwn(known.modes, mode)) return 0;
  const overheads = known.modes[mode];
  return commands.reduce((sum, { kind, fields }) => sum + kind.work(fields, known, overheads).macs, 0);
}
