import { CommanderError } from "commander";
import { printDiagnostics, runWith } from "./context.ts";
import { failureOf } from "./diagnostics.ts";
import { createProgram } from "./program.ts";
import { RequestError, systemCode, systemReason } from "./request-error.ts";

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Runs the command line of this process; its exit code is that of `execute`, or 128 and the number of a signal that interrupted it. */
export async function main(words: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  for (const [signal, exitCode] of Object.entries(signals)) process.on(signal, () => interrupt(interruption, exitCode));
  process.stdout.on("error", endOutput);
  process.on("uncaughtException", endByFault);
  const exitCode = await execute(words, interruption.signal);
  if (exitCode !== undefined) process.exitCode = exitCode;
}

/** Carries out one command. Gives 0 for success, 2 for a bad request or model, 1 for a fault of Millrace, and nothing when the signal stopped it. */
export async function execute(words: readonly string[], signal: AbortSignal): Promise<0 | 1 | 2 | undefined> {
  try {
    await createProgram(runWith(signal)).parseAsync(words, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return error.exitCode === 0 ? 0 : 2;
    if (!signal.aborted) return fail(error, words.includes("--json"));
    process.stderr.write("interrupted; nothing was written\n");
    return undefined;
  }
}

/** The first signal lets the work stop and clear up; the second ends at once. */
function interrupt(interruption: AbortController, exitCode: number): void {
  if (interruption.signal.aborted) process.exit(exitCode);
  process.exitCode = exitCode;
  interruption.abort();
}

/** A reader such as `head` may close our output early, which is no failure. */
function endOutput(error: Error): void {
  if (systemCode(error) === "EPIPE") process.exit();
  throw new RequestError("output.unwritable", `standard output can't be written: ${systemReason(error)}`, {
    hint: "check where it goes",
  });
}

async function endByFault(error: unknown): Promise<void> {
  process.exit(await fail(error, false));
}

/** Help or the version was printed, asked for or in place of a missing command. */
function isHelp({ code, exitCode }: CommanderError): boolean {
  return exitCode === 0 || code === "commander.help";
}

async function fail(error: unknown, json: boolean): Promise<1 | 2> {
  const { diagnostics, exitCode } = await failureOf(error);
  printDiagnostics(diagnostics);
  if (process.env["MILLRACE_DEBUG"] === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ diagnostics }, null, 2)}\n`);
  return exitCode;
}
