import { checkIndices, type Scopes } from "../flatbuffer/indices.ts";
import type { Draft } from "../flatbuffer/objects.ts";
import type { Trail } from "../flatbuffer/trail.ts";
import { programTables } from "./schema/program.ts";
import type { ProgramTables } from "./types.ts";

const lengthOf = (list: unknown): number => (list as readonly unknown[] | undefined)?.length ?? 0;

const scopes: Scopes = {
  Program: ({ segments }) => ({ segments: lengthOf(segments) }),
  ExecutionPlan: ({ values, operators, delegates }) => ({
    values: lengthOf(values),
    operators: lengthOf(operators),
    delegates: lengthOf(delegates),
  }),
  Chain: ({ instructions }) => ({ destinations: lengthOf(instructions) + 1 }),
};

/**
 * Fails where an index of a stored program (of a value, operator, delegate, segment, or instruction to jump to, which may be the
 * chain's end) is outside of its list.
 */
export function checkProgramIndices(program: Draft<ProgramTables, "Program">, trail: Trail): void {
  checkIndices(programTables, "Program", program, scopes, trail);
}
