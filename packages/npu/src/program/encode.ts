import { goesOn } from "../commands/chain.ts";
import type { Command } from "../commands/command.ts";
import type { Program } from "./program.ts";

export const magic = 0x4c_49_4d_4e;
export const version = 1;
export const headerWords = 12;

/**
 * The bytes of a program, all words of 32 bits and little-endian:
 * - header: magic "NMIL", version, words of the stream, bytes of constants, bytes of memory, inputs, outputs, length of the machine's name, length
 *   of the mode's name, bytes of outer memory, and two words that are 0;
 * - both names, one after the other in UTF-8, filled up with zeros to whole words;
 * - address and bytes of each input, then of each output;
 * - the stream: for each command a word with its code in the lower 8 bits and the number of its fields above, then the fields; each part of a chain but
 *   the last has `goesOn` added to its code, and where its results and the next one's data lie is 0;
 * - the constants.
 */
export function encodeProgram({
  machine,
  mode,
  memoryBytes,
  outerBytes,
  inputs,
  outputs,
  commands,
  constants,
}: Program): Uint8Array {
  const names = new TextEncoder().encode(machine + mode);
  const nameWords = Math.ceil(names.length / 4);
  const ports = [...inputs, ...outputs].flatMap(({ address, bytes }) => [address, bytes]);
  const stream = commands.flatMap(wordsOf);
  const machineLength = new TextEncoder().encode(machine).length;
  const header = [magic, version, stream.length, constants.length, memoryBytes, inputs.length, outputs.length];
  const lengths = [machineLength, names.length - machineLength, outerBytes, 0, 0];
  const words = headerWords + nameWords + ports.length + stream.length;
  const bytes = new Uint8Array(words * 4 + constants.length);
  const view = new DataView(bytes.buffer);
  const put = (numbers: readonly number[], at: number) =>
    numbers.forEach((number, index) => void view.setInt32((at + index) * 4, number, true));
  put([...header, ...lengths], 0);
  bytes.set(names, headerWords * 4);
  put(ports, headerWords + nameWords);
  put(stream, headerWords + nameWords + ports.length);
  bytes.set(constants, words * 4);
  return bytes;
}

function wordsOf(command: Command): readonly number[] {
  const parts = command.kind.parts?.(command.fields) ?? [command];
  return parts.flatMap(({ kind, fields }, part) => {
    const isLast = part === parts.length - 1;
    const inLine = [...(isLast ? [] : ["output"]), ...(part === 0 ? [] : ["input"])];
    const code = kind.code + (isLast ? 0 : goesOn);
    return [code | (kind.fields.length << 8), ...kind.fields.map((name) => (inLine.includes(name) ? 0 : fields[name]))];
  });
}
