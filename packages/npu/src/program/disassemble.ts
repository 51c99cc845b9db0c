import { hexadecimal } from "../simulator/memory.ts";
import type { Program } from "./program.ts";

/** A program as text: a line for what it needs, one for each input and output, and one for each command with its fields by name. */
export function disassemble(program: Program): string {
  const { machine, mode, memoryBytes, outerBytes, inputs, outputs, commands, constants } = program;
  const outer = outerBytes === 0 ? "" : ` and ${outerBytes} of outer memory`;
  const ports = [
    ...inputs.map((port, index) => ({ ...port, what: `input ${index}` })),
    ...outputs.map((port, index) => ({ ...port, what: `output ${index}` })),
  ];
  return [
    `; ${machine}, ${mode}: ${commands.length} commands, ${constants.length} bytes of constants, ${memoryBytes} bytes of memory${outer}`,
    ...ports.map(({ what, address, bytes }) => `; ${what}: ${hexadecimal(address)}, ${bytes} bytes`),
    ...commands.map(({ kind, fields }, index) => {
      const shown = kind.fields.map((name) => {
        const value = fields[name];
        return `${name}=${kind.addresses.includes(name) ? hexadecimal(value) : value}`;
      });
      return `${String(index).padStart(5)}  ${kind.name.padEnd(10)} ${shown.join(" ")}`;
    }),
  ].join("\n");
}
