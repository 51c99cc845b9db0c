import { type ChildProcess, spawn } from "node:child_process";
import { DiagnosticError } from "@millrace/ir";
import { BoundedLog } from "./bounded-log.ts";

export interface ChildOptions {
  /** Where it works. */
  readonly folder: string;
  readonly seconds: number;
  /** Ends the child when it is aborted. */
  readonly signal?: AbortSignal;
}

/** How a child process ended. */
export interface ChildEnding {
  /** Absent where it was ended by a signal or by the limit of time. */
  readonly exitCode?: number;
  readonly endedBy?: NodeJS.Signals;
  readonly timedOut: boolean;
  /** What it wrote to standard output and standard error, as it came; of a long one the beginning and the end. */
  readonly log: Uint8Array;
}

const logBytes = 2 ** 20;

/**
 * Runs an executable file, without a shell and without input. At the limit of time, when the signal is aborted and when this process ends, the
 * child is killed, with its own children where the system has process groups. Throws `tool.not-started`.
 */
export async function runChild(
  executable: string,
  words: readonly string[],
  { folder, seconds, signal }: ChildOptions,
): Promise<ChildEnding> {
  signal?.throwIfAborted();
  const child = spawn(executable, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: hasGroups });
  const log = new BoundedLog(logBytes);
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => log.add(chunk));
  let timedOut = false;
  const stop = () => {
    killGroup(child);
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, seconds * 1000);
  signal?.addEventListener("abort", stop);
  process.once("exit", stop);
  try {
    const ending = await endingOf(child, executable);
    return { ...ending, timedOut, log: log.bytes() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    process.removeListener("exit", stop);
  }
}

function endingOf(child: ChildProcess, executable: string): Promise<Pick<ChildEnding, "exitCode" | "endedBy">> {
  return new Promise((resolve, reject) => {
    child.once("close", (exitCode, endedBy) =>
      resolve({ ...(exitCode !== null && { exitCode }), ...(endedBy && { endedBy }) }),
    );
    child.once("error", ({ message }) => {
      const hint = "check that it is a program of this system";
      const problem = `${executable} can't be started: ${message}`;
      reject(new DiagnosticError([{ code: "tool.not-started", severity: "error", message: problem, hint }]));
    });
  });
}

const hasGroups = process.platform !== "win32";

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (hasGroups) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
