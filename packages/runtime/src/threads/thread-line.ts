import { type Diagnostic, DiagnosticError, type Tensor } from "@millrace/ir";
import type { Thread, ThreadAnswer, ThreadRequest } from "./thread.ts";

/** A request before it has its number. */
export type Question = ThreadRequest extends infer R ? (R extends ThreadRequest ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (results: ReadonlyMap<string, Tensor>) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests to a thread as promises. */
export class ThreadLine {
  readonly #thread: Thread;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #ended: Diagnostic | undefined;

  constructor(thread: Thread) {
    this.#thread = thread;
    thread.onFailure((why) => this.#close(threadEnded(why)));
    thread.listen((answer) => this.#settle(answer));
  }

  /** How many requests have no answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Rejects with a DiagnosticError where the graph or the feeds are at fault or the thread ended, else with the fault. */
  ask(question: Question): Promise<ReadonlyMap<string, Tensor>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw new DiagnosticError([this.#ended]);
      const id = this.#asked++;
      this.#waiting.set(id, { resolve, reject });
      this.#thread.send({ ...question, id });
    });
  }

  /** Ends the thread; what it was asked fails. */
  end(): void {
    this.#close(disposed);
    this.#thread.end();
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("results" in answer) waiting?.resolve(answer.results);
    else waiting?.reject("fault" in answer ? new Error(answer.fault) : new DiagnosticError(answer.diagnostics));
  }

  #close(reason: Diagnostic): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new DiagnosticError([reason]));
    this.#waiting.clear();
  }
}

const disposed: Diagnostic = {
  code: "runtime.disposed",
  severity: "error",
  message: "the graph was disposed before its run ended",
};

function threadEnded(why: string): Diagnostic {
  return {
    code: "runtime.thread-ended",
    severity: "error",
    message: `a thread that runs the graph ended: ${why}`,
    hint: "use fewer threads, each of which needs the memory of one run",
  };
}
