import type { Diagnostic } from "@millrace/toolkit";
import { CommanderError } from "commander";
import { RequestError } from "./request-error.ts";
import { printable, styled } from "./terminal.ts";

const styles = { error: "red", warning: "yellow", info: "cyan" } as const;
const names = { error: "error", warning: "warning", info: "note" } as const;

/** A diagnostic as lines for people, coloured if standard error is a terminal. */
export function diagnosticText({ severity, code, message, at, hint }: Diagnostic): string {
  const stream = process.stderr;
  const where = at?.node ?? at?.value ?? at?.model;
  const place = where === undefined || message.includes(where) ? "" : `${printable(where)}: `;
  const first = `${styled(stream, styles[severity], names[severity])} ${styled(stream, "dim", code)}  ${place}${printable(message)}`;
  return hint === undefined ? first : `${first}\n  ${styled(stream, "dim", "hint:")} ${printable(hint)}`;
}

/** What an error means for the caller: the diagnostics to show, and the exit code: 2 for a bad request or model, 1 for our own fault. */
export interface Failure {
  readonly diagnostics: readonly Diagnostic[];
  readonly exitCode: 1 | 2;
}

export async function failureOf(error: unknown): Promise<Failure> {
  if (error instanceof CommanderError) return { diagnostics: [usageProblem(error)], exitCode: 2 };
  const known = error instanceof RequestError ? [requestProblem(error)] : await toolkitDiagnostics(error);
  if (known !== undefined) return { diagnostics: known, exitCode: 2 };
  return { diagnostics: [faultOf(error)], exitCode: 1 };
}

/** Undefined too when the toolkit itself can't be loaded. */
async function toolkitDiagnostics(error: unknown): Promise<readonly Diagnostic[] | undefined> {
  const toolkit = await import("@millrace/toolkit").catch(() => undefined);
  return toolkit?.diagnosticsOf(error);
}

function requestProblem({ code, message, hint, where }: RequestError): Diagnostic {
  return { code, severity: "error", message, hint, ...(where !== undefined && { at: { value: where } }) };
}

/** `commander.unknownOption` becomes `usage.unknown-option`. */
function usageProblem({ code, message }: CommanderError): Diagnostic {
  const name = code.replace("commander.", "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    code: `usage.${name}`,
    severity: "error",
    message: message.replace(/^error: /, ""),
    hint:
      name === "unknown-command"
        ? "millrace --help lists the commands"
        : "run the command with --help to see what it takes",
  };
}

function faultOf(error: unknown): Diagnostic {
  const reason = error instanceof Error ? error.message : String(error);
  const hint = "please report it with the command and, if you can, the model; MILLRACE_DEBUG=1 shows where it happened";
  return { code: "millrace.fault", severity: "error", message: `this is a fault of Millrace: ${reason}`, hint };
}
