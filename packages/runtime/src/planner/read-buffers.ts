import { type Diagnostic, DiagnosticError } from "@millrace/ir";
import { type ArenaBuffer, badBuffer, faultOf } from "./buffer.ts";

/** A buffer and what its file calls it. */
export interface NamedBuffer extends ArenaBuffer {
  readonly id: string;
}

const required = ["id", "lower", "upper", "size"] as const;
const known: readonly string[] = [...required, "alignment"];
const greatestCount = 100_000;
const greatestLength = 2 ** 26;
const greatestProblems = 20;

/**
 * Buffers of a table with commas in the format of MiniMalloc's benchmarks: the columns id, lower (start of the lifetime), upper
 * (its end, excluded), size in bytes and, if wanted, alignment; a buffer a line. Throws a DiagnosticError with all faults.
 */
export function readBuffers(bytes: Uint8Array): readonly NamedBuffer[] {
  if (bytes.length > greatestLength) throw refusal("plan.too-large", `the file has more than ${greatestLength} bytes`);
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  while (lines.at(-1)?.trim() === "") lines.pop();
  if (lines.length - 1 > greatestCount) throw refusal("plan.too-large", `it has more than ${greatestCount} buffers`);
  const columns = columnsOf(lines[0] ?? "");
  const buffers: NamedBuffer[] = [];
  const problems: Diagnostic[] = [];
  const ids = new Set<string>();
  for (let line = 1; line < lines.length && problems.length < greatestProblems; line++) {
    const cells = lines[line].split(",", known.length + 1).map((cell) => cell.trim());
    const buffer = bufferOf(columns, cells);
    const fault = cells.length === columns.length ? faultOf(buffer) : `it has not ${columns.length} values`;
    if (fault !== undefined) problems.push(badBuffer(`the buffer in line ${line + 1}`, fault));
    else if (ids.has(buffer.id)) problems.push(badBuffer(`the buffer in line ${line + 1}`, "its id was there before"));
    ids.add(buffer.id);
    buffers.push(buffer);
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return buffers;
}

function columnsOf(header: string): readonly string[] {
  const columns = header.replace(/^\uFEFF/, "").split(",", known.length + 1);
  const names = columns.map((name) => name.trim().toLowerCase());
  const isTable = required.every((name) => names.includes(name)) && names.every((name) => known.includes(name));
  if (isTable && new Set(names).size === names.length) return names;
  throw refusal("plan.bad-header", "the first line doesn't name the columns id, lower, upper, size");
}

function bufferOf(columns: readonly string[], cells: readonly string[]): NamedBuffer {
  const cell = (name: string) => cells[columns.indexOf(name)] ?? "";
  const alignment = columns.includes("alignment") && { alignment: wholeNumber(cell("alignment")) };
  const [start, end, size] = required.slice(1).map((name) => wholeNumber(cell(name)));
  return { id: cell("id"), start, end, size, ...alignment };
}

function wholeNumber(text: string): number {
  return /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

function refusal(code: string, why: string): DiagnosticError {
  return new DiagnosticError([
    {
      code,
      severity: "error",
      message: `this is no list of buffers that can be planned: ${why}.`,
      hint: "Give a text file with the columns id,lower,upper,size and, if wanted, alignment; one buffer a line.",
    },
  ]);
}
