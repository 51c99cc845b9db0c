import type { Diagnostic, Tensor } from "@millrace/ir";
import type { ReferenceOptions } from "../interpreter.ts";

/** The engines that a thread can run. */
export type ThreadEngine = "reference" | "wasm";

/** What a thread is asked: first to prepare a graph, given as text, then to run it. */
export type ThreadRequest = { readonly id: number } & (
  | {
      readonly kind: "prepare";
      readonly graph: string;
      /** Names of further values whose tensors are to be kept. */
      readonly wanted: readonly string[];
      readonly engine: ThreadEngine;
      readonly options: ReferenceOptions;
    }
  | { readonly kind: "run"; readonly feeds: ReadonlyMap<string, Tensor> }
);

/** A thread's answer to the request of the same `id`: results by value name, or what went wrong, as data or as a fault's text. */
export type ThreadAnswer = { readonly id: number } & (
  | { readonly results: ReadonlyMap<string, Tensor> }
  | { readonly diagnostics: readonly Diagnostic[] }
  | { readonly fault: string }
);

/** One end of the line between a thread and who started it; messages are copied as by the structured clone algorithm. */
export interface ThreadPort<Sent, Received> {
  send(message: Sent): void;
  listen(onMessage: (message: Received) => void): void;
}

/** A started thread, such as a Web Worker or one of Node's worker threads, in which `serveThread` listens. */
export interface Thread extends ThreadPort<ThreadRequest, ThreadAnswer> {
  /** Tells once that the thread ended without being asked to, and why. */
  onFailure(listener: (why: string) => void): void;
  end(): void;
}

/** A copy that brings no more along than its elements: a view's whole buffer would be copied with it. */
export function detached(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  return new Map(
    [...tensors].map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() },
    ]),
  );
}
