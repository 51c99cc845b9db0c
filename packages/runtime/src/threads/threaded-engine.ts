import { type Graph, printGraph, type Value } from "@millrace/ir";
import type { Engine, PreparedGraph, RunOptions } from "../engine.ts";
import type { ReferenceOptions } from "../interpreter.ts";
import { detached, type Thread, type ThreadEngine } from "./thread.ts";
import { ThreadLine } from "./thread-line.ts";

export interface ThreadedOptions extends ReferenceOptions {
  readonly engine: ThreadEngine;
  /** How many threads to start at most; a graph with states, whose runs depend on each other, gets one. */
  readonly threads: number;
  /** Starts a thread in which `serveThread` listens. */
  readonly start: () => Thread;
}

/**
 * Runs one of our engines in threads, several runs at a time: `concurrency` says how many. The graph travels as its text, which limits
 * its constants to 256 MiB. An aborted run's result is not waited for; `dispose` ends the threads, even out of a run.
 */
export function threadedEngine({ engine, threads, start, ...options }: ThreadedOptions): Engine {
  return {
    name: engine,
    async prepare(graph, wanted = []) {
      const question = { kind: "prepare", ...messageOf(graph, wanted), engine, options } as const;
      const concurrency = graph.states.length > 0 ? 1 : Math.max(1, Math.floor(threads));
      const lines = Array.from({ length: concurrency }, () => new ThreadLine(start()));
      const prepared = preparedIn(lines);
      try {
        await Promise.all(lines.map((line) => line.ask(question)));
      } catch (error) {
        await prepared.dispose();
        throw error;
      }
      return prepared;
    },
  };
}

function messageOf(graph: Graph, wanted: readonly Value[]) {
  return { graph: printGraph(graph, { constants: "full" }), wanted: wanted.map(({ name }) => name) };
}

function preparedIn(lines: readonly ThreadLine[]): PreparedGraph {
  const idlest = () => lines.reduce((best, line) => (line.waiting < best.waiting ? line : best));
  return {
    concurrency: lines.length,
    run: (feeds, { signal }: RunOptions = {}) =>
      unlessAborted(() => idlest().ask({ kind: "run", feeds: detached(feeds) }), signal),
    dispose() {
      for (const line of lines) line.end();
    },
  };
}

/** What `start` gives, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return start();
  signal.throwIfAborted();
  const heard = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { signal: heard.signal });
  });
  return Promise.race([start(), aborted]).finally(() => heard.abort());
}
