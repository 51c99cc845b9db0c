import { type Diagnostic, DiagnosticError } from "@millrace/ir";

/** Memory that is needed from `start` up to, not including, `end`, in any unit of time. */
export interface ArenaBuffer {
  readonly start: number;
  readonly end: number;
  /** Bytes. */
  readonly size: number;
  /** The offset is a multiple of this; the plan's alignment without it. */
  readonly alignment?: number;
}

/** Where each buffer lies in one arena. */
export interface MemoryPlan {
  /** Bytes from the arena's start, in the order of the buffers. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  /** No plan can be smaller. */
  readonly lowerBoundBytes: number;
  /** Whether `arenaBytes` is proven to be the least. */
  readonly optimal: boolean;
  /** Time that planning took, in milliseconds. */
  readonly ms: number;
}

/** The least multiple of `alignment` that is not below `offset`. */
export function alignUp(offset: number, alignment: number): number {
  return alignment === 1 ? offset : Math.ceil(offset / alignment) * alignment;
}

/** What is wrong with one buffer, in words; undefined if nothing is. */
export function faultOf({ start, end, size, alignment = 1 }: ArenaBuffer): string | undefined {
  if (![start, end].every(Number.isSafeInteger)) return "its lifetime is not of whole numbers below 2^53";
  if (end <= start) return `its lifetime ends at ${end}, which is not after its start ${start}`;
  if (!Number.isSafeInteger(size) || size < 0) return `its size ${size} is not a whole number of bytes from 0`;
  return Number.isInteger(alignment) && alignment >= 1 && alignment <= greatestAlignment
    ? undefined
    : `its alignment ${alignment} is not a whole number from 1 to ${greatestAlignment}`;
}

/** Throws DiagnosticError `plan.bad-buffer` or `plan.too-large` for buffers that can't be planned. */
export function checkBuffers(buffers: readonly ArenaBuffer[], alignment: number): void {
  const problems = buffers.flatMap((buffer, index): Diagnostic[] => {
    const fault = faultOf({ alignment, ...buffer });
    return fault === undefined ? [] : [badBuffer(`buffer ${index}`, fault)];
  });
  if (problems.length > 0) throw new DiagnosticError(problems.slice(0, greatestProblems));
  const bytes = buffers.reduce((sum, { size, alignment: own = alignment }) => sum + size + own, 0);
  if (bytes <= greatestTotal) return;
  throw new DiagnosticError([
    {
      code: "plan.too-large",
      severity: "error",
      message: `the buffers together have ${bytes} bytes, more than 2^52 can't be planned exactly.`,
      hint: "Check the sizes; they are in bytes.",
    },
  ]);
}

/** The diagnostic of a buffer with a fault as `faultOf` words it. */
export function badBuffer(name: string, fault: string): Diagnostic {
  return {
    code: "plan.bad-buffer",
    severity: "error",
    message: `${name} can't be placed: ${fault}.`,
    hint: "Give each buffer a start, a later end and a size in bytes, all whole numbers.",
  };
}

const greatestAlignment = 2 ** 20;
const greatestProblems = 20;
const greatestTotal = 2 ** 52;
