import { fail } from "@millrace/ir";
import type { Ability } from "../machine.ts";
import { bytesOf, type Region } from "../region.ts";
import { hint, lineAddress } from "../simulator/memory.ts";
import type { Command, CommandKind, Fields, Unit, Work } from "./command.ts";
import { mappings } from "./mappings.ts";

/** More bytes don't go from one command to the next in line. */
const mostBytes = 2 ** 28;
const mostParts = 4;

const known = new Map<string, CommandKind>();

/**
 * Commands one after the other as one: each gives its results to the next without writing them. One computes in the array; what is ahead of it
 * works on data as they are read, what is behind it on results as they leave. Undefined where commands of such kinds can't be that.
 *
 * Cycles: those of the command in the array, which writes only what the last one gives, or of the slowest unit, and those of making units ready.
 */
export function chainOf(kinds: readonly CommandKind[]): CommandKind | undefined {
  const key = kinds.map(({ code }) => code).join();
  const chain = known.get(key) ?? (isChain(kinds) ? newChain(kinds) : undefined);
  if (chain) known.set(key, chain);
  return chain;
}

/** The fields of a chain of commands. */
export function chainFields<T>(
  parts: readonly { readonly kind: CommandKind; readonly fields: Readonly<Record<string, T>> }[],
): Readonly<Record<string, T>> {
  const names = fieldNames(parts.map(({ kind }) => kind));
  return Object.fromEntries(names.map(({ part, name, whole }) => [whole, parts[part].fields[name]]));
}

/** The part that computes in the array. */
function coreOf([first]: readonly CommandKind[]): number {
  return first.inLine.before ? 1 : 0;
}

function unitsOf(kinds: readonly CommandKind[]): readonly (Unit | undefined)[] {
  const core = coreOf(kinds);
  return kinds.map(({ inLine }, part) => (part < core ? inLine.before : part > core ? inLine.behind : undefined));
}

function isChain(kinds: readonly CommandKind[]): boolean {
  const core = coreOf(kinds);
  const { takes, gives } = kinds[core]?.inLine ?? {};
  const joins = (core === 0 || takes) && (core === kinds.length - 1 || gives);
  const units = unitsOf(kinds).filter((unit) => unit !== undefined);
  return Boolean(joins) && kinds.length > 1 && kinds.length <= mostParts && units.length === kinds.length - 1;
}

/** The fields of all parts but those that say where numbers in line lie. */
function fieldNames(kinds: readonly CommandKind[]) {
  return kinds.flatMap(({ fields }, part) => {
    const own = fields.filter(
      (name) => !(name === "output" && part < kinds.length - 1) && !(name === "input" && part > 0),
    );
    return own.map((name) => ({ part, name, whole: `${part}.${name}` }));
  });
}

function newChain(kinds: readonly CommandKind[]): CommandKind {
  const names = fieldNames(kinds);
  const core = coreOf(kinds);
  const units = unitsOf(kinds);
  /** The parts, with addresses of what is in line. */
  const split = (fields: Fields): readonly Command[] =>
    kinds.map((kind, part) => {
      const own = names.filter((name) => name.part === part).map(({ name, whole }) => [name, fields[whole]]);
      const line = { ...(part > 0 && { input: lineAddress(part - 1) }), output: lineAddress(part) };
      return { kind, fields: { ...line, ...Object.fromEntries(own) } };
    });
  const writtenBy = ({ kind, fields }: Command) => kind.writes(fields)[0];
  return {
    name: kinds.map(({ name }) => name).join("+"),
    code: kinds[0].code + goesOn,
    fields: names.map(({ whole }) => whole),
    addresses: names.filter(({ part, name }) => kinds[part].addresses.includes(name)).map(({ whole }) => whole),
    inLine: {},
    parts: split,
    problems: (fields) =>
      split(fields).flatMap((part, index, parts) => [
        ...part.kind.problems(part.fields),
        ...(index < parts.length - 1 ? lineProblems(writtenBy(part), index) : []),
        ...(units[index]?.byChannel && parts[core].fields.mapping === mappings.line
          ? [`its ${part.kind.name} needs pipelines that are channels`]
          : []),
      ]),
    reads: (fields, machine) => {
      const parts = split(fields);
      return parts.flatMap((part, index) => {
        const lines = index === 0 ? [] : [writtenBy(parts[index - 1])];
        return part.kind.reads(part.fields, machine).filter((region) => !isInLine(region, lines));
      });
    },
    tiling: () => undefined,
    writes: (fields) => [writtenBy(split(fields).at(-1)!)],
    work(fields, machine, overheads) {
      const parts = split(fields);
      const bytes = (part: Command) => bytesOf(writtenBy(part));
      const first = parts[0].kind.reads(parts[0].fields, machine)[0];
      const flow = {
        read: core === 0 ? 1 : bytesOf(first) / bytes(parts[0]),
        written: bytes(parts[parts.length - 1]) / bytes(parts[core]),
      };
      const cycles = units.map((unit, part) => unit?.cycles(parts[part].fields, machine) ?? { ready: 0, busy: 0 });
      return beside(parts[core].kind.work(parts[core].fields, machine, overheads, flow), cycles);
    },
    execute(fields, memory, machine) {
      const parts = split(fields);
      memory.setLines(parts.slice(0, -1).map((part) => bytesOf(writtenBy(part))));
      for (const part of parts) part.kind.execute(part.fields, memory, machine);
      memory.setLines([]);
    },
    requires: (fields) => [
      ...split(fields).flatMap((part) => part.kind.requires(part.fields)),
      ...units.flatMap((unit): Ability[] => (unit ? [unit.feature] : [])),
    ],
  };
}

/** Added to the code of a command that gives its results to the next one in line. */
export const goesOn = 128;

function lineProblems({ address, bytes, axes }: Region, line: number): readonly string[] {
  return [
    ...(address !== lineAddress(line) || axes ? ["it gives only a part of its results to the next command"] : []),
    ...(bytes > mostBytes ? [`it gives ${bytes} bytes to the next command`] : []),
  ];
}

/** Whether a region is of what is given in line; fails where it goes beyond that. */
function isInLine({ address, bytes }: Region, lines: readonly Region[]): boolean {
  if (address < lineAddress(0)) return false;
  const isInside = lines.some((line) => address >= line.address && address + bytes <= line.address + line.bytes);
  return isInside || fail("npu.out-of-bounds", "a command takes more than the one ahead of it gives in line", { hint });
}

/** The work of the array with units that go on beside it. */
function beside(work: Work, units: readonly { readonly ready: number; readonly busy: number }[]): Work {
  const slowest = Math.max(...units.map(({ busy }) => busy));
  const ready = units.reduce((sum, unit) => sum + unit.ready, 0);
  return {
    ...work,
    busy: Math.max(work.busy, slowest) + ready,
    beats: work.beats + ready,
    boundBy: slowest > work.busy ? "window" : work.boundBy,
  };
}
