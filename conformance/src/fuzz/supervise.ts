import { type ChildProcess, fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./outcome.ts";
import type { FuzzMessage, FuzzTask } from "./worker.ts";

/** Of the processor, which unlike those of a clock are the same on a busy machine. */
const mostMilliseconds = 2000;
const mostBytes = 2 ** 30;
const pollInterval = 20;
/** Units of Linux's /proc. */
const pageBytes = 4096;
const tickMilliseconds = 10;

/** Runs tasks in a process that is ended, and replaced, when a case takes more than 2 s or 1 GiB, which is watched on Linux only. */
export class Supervisor {
  #child: ChildProcess | undefined;

  async run(task: FuzzTask, onOutcome: (index: number, outcome: Outcome) => void): Promise<void> {
    for (let from = task.from; from < task.to; ) from = await this.#runSome({ ...task, from }, onOutcome);
  }

  end(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  /** Runs cases until the task or the process ends; gives the index of the next case. */
  async #runSome(task: FuzzTask, onOutcome: (index: number, outcome: Outcome) => void): Promise<number> {
    this.#child ??= startChild();
    let next = task.from;
    const fatal = await watch(this.#child, task, (index, outcome) => {
      next = index + 1;
      onOutcome(index, outcome);
    });
    if (fatal === undefined) return next;
    this.end();
    onOutcome(next, fatal);
    return next + 1;
  }
}

/** What ended a task before its last case; undefined if nothing did. A case is hung if it still is after all messages were heard. */
function watch(child: ChildProcess, task: FuzzTask, onOutcome: (index: number, outcome: Outcome) => void) {
  let startedAt: number | undefined;
  let suspected: number | undefined;
  return new Promise<Outcome | undefined>((resolve, reject) => {
    const finish = (fatal?: Outcome) => {
      clearInterval(poll);
      if (fatal && startedAt === undefined) reject(new Error(`cases can't be tried: ${fatal.detail}`));
      else resolve(fatal);
    };
    const poll = setInterval(() => {
      const { milliseconds, bytes } = usageOf(child);
      const isLong = milliseconds - (startedAt ?? milliseconds) > mostMilliseconds;
      if (isLong && suspected === startedAt) finish({ kind: "hung", detail: `more than ${mostMilliseconds} ms` });
      if (isLong) suspected = startedAt;
      else if (bytes > mostBytes) finish({ kind: "memory", detail: `${bytes} bytes` });
    }, pollInterval);
    child.removeAllListeners();
    child.on("exit", (code, signal) => finish({ kind: "crashed", detail: `the process ended by ${signal ?? code}` }));
    child.on("message", (message: FuzzMessage) => {
      startedAt = usageOf(child).milliseconds;
      if (message.kind === "started") return;
      onOutcome(message.index, message.outcome);
      if (message.index + 1 === task.to) finish();
    });
    child.send(task);
  });
}

function startChild(): ChildProcess {
  const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));
  return fork(worker, { execArgv: ["--import", "tsx", "--max-old-space-size=800"], serialization: "advanced" });
}

/** Processor time and memory of a process. */
function usageOf({ pid }: ChildProcess): { readonly milliseconds: number; readonly bytes: number } {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return { milliseconds: 0, bytes: 0 };
  const fields = readFileSync(path, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return {
    milliseconds: (Number(fields[11]) + Number(fields[12])) * tickMilliseconds,
    bytes: Number(fields[21]) * pageBytes,
  };
}
