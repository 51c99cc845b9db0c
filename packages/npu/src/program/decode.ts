import { fail } from "@millrace/ir";
import { chainFields, chainOf, goesOn } from "../commands/chain.ts";
import type { Command } from "../commands/command.ts";
import { commandKinds } from "../commands/index.ts";
import { addressableBytes } from "../machine.ts";
import { headerWords, magic, version } from "./encode.ts";
import type { Port, Program } from "./program.ts";

/** Whether bytes begin as what `encodeProgram` writes does. */
export function looksLikeProgram(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true) === magic;
}

/** Reads what `encodeProgram` writes; constants are viewed. Throws `npu.bad-program` for anything else. */
export function decodeProgram(bytes: Uint8Array): Program {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const total = Math.floor(bytes.length / 4);
  if (total < headerWords) bad("it is shorter than a header");
  const word = (at: number) => view.getInt32(at * 4, true);
  const header = Array.from({ length: headerWords }, (_, at) => word(at));
  if (header[0] !== magic) bad("it does not begin with the mark of a program");
  if (header[1] !== version) bad(`its version is ${header[1]}, not ${version}`);
  const [, , streamWords, constantBytes, memoryBytes, inputCount, outputCount, ...rest] = header;
  const [machineLength, modeLength, outerBytes] = rest;
  const bytesAndCounts = [streamWords, constantBytes, memoryBytes, inputCount, outputCount];
  const counts = [...bytesAndCounts, machineLength, modeLength, outerBytes];
  if (counts.some((count) => count < 0)) bad("a length in the header is negative");
  const needed = Math.max(memoryBytes, outerBytes);
  if (needed > addressableBytes) bad(`it needs ${needed} bytes of memory`);
  const nameWords = Math.ceil((machineLength + modeLength) / 4);
  const portsAt = headerWords + nameWords;
  const streamAt = portsAt + 2 * (inputCount + outputCount);
  const constantsAt = (streamAt + streamWords) * 4;
  if (constantsAt + constantBytes !== bytes.length)
    bad(`the lengths in the header add up to ${constantsAt + constantBytes} bytes, but there are ${bytes.length}`);
  const name = (from: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(headerWords * 4 + from, headerWords * 4 + from + length));
  const port = (index: number): Port => ({
    address: addressOf(word(portsAt + 2 * index)),
    bytes: word(portsAt + 2 * index + 1),
  });
  const ports = Array.from({ length: inputCount + outputCount }, (_, index) => port(index));
  return {
    machine: name(0, machineLength),
    mode: name(machineLength, modeLength),
    memoryBytes,
    outerBytes,
    inputs: ports.slice(0, inputCount),
    outputs: ports.slice(inputCount),
    commands: decodeStream(word, streamAt, streamAt + streamWords),
    constants: bytes.subarray(constantsAt),
  };
}

function decodeStream(word: (at: number) => number, from: number, to: number): readonly Command[] {
  const commands: Command[] = [];
  let parts: Command[] = [];
  for (let at = from; at < to; ) {
    const who = `command ${commands.length}`;
    const part = decodeCommand(word, at, to, who);
    parts.push(part);
    const isLast = (word(at) & goesOn) === 0;
    at += 1 + part.kind.fields.length;
    if (!isLast && at < to) continue;
    if (!isLast) bad(`${who} (${part.kind.name}) goes on beyond the end`);
    commands.push(parts.length === 1 ? part : joined(parts, who));
    parts = [];
  }
  return commands;
}

/** Addresses are words without a sign. */
function addressOf(word: number): number {
  return word >>> 0;
}

function decodeCommand(word: (at: number) => number, at: number, to: number, who: string): Command {
  const [code, count] = [word(at) & 0xff & ~goesOn, word(at) >>> 8];
  const kind = commandKinds.get(code);
  if (kind === undefined) return bad(`${who} has the code ${code}, which is not known`);
  if (count !== kind.fields.length) bad(`${who} (${kind.name}) has ${count} fields, not ${kind.fields.length}`);
  if (at + 1 + count > to) bad(`${who} (${kind.name}) is cut off`);
  const fields = Object.fromEntries(
    kind.fields.map((name, index) => {
      const value = word(at + 1 + index);
      return [name, kind.addresses.includes(name) ? addressOf(value) : value];
    }),
  );
  const problems = kind.problems(fields);
  if (problems.length > 0) bad(`${who} (${kind.name}) is wrong: ${problems.join(", ")}`);
  return { kind, fields };
}

/** Parts of a chain as one command. */
function joined(parts: readonly Command[], who: string): Command {
  const names = parts.map(({ kind }) => kind.name).join(", ");
  const kind = chainOf(parts.map((part) => part.kind));
  if (kind === undefined) return bad(`${who} is a chain of ${names}, which can't follow one another in line`);
  const fields = chainFields(parts);
  const [problem] = kind.problems(fields);
  if (problem !== undefined) bad(`${who} (${kind.name}) is wrong: ${problem}`);
  return { kind, fields };
}

function bad(why: string): never {
  return fail("npu.bad-program", `the command stream can't be read: ${why}`, {
    hint: "compile the model again; the file is damaged or of another version",
  });
}
