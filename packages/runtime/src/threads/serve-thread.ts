import { DiagnosticError, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import type { PreparedGraph } from "../engine.ts";
import { referenceEngine } from "../interpreter.ts";
import { wasmEngine } from "../wasm/engine.ts";
import { detached, type ThreadAnswer, type ThreadPort, type ThreadRequest } from "./thread.ts";

const engines = { reference: referenceEngine, wasm: wasmEngine };

/** Prepares and runs the one graph that comes over `port`, which is how a thread of `threadedEngine` spends its life. */
export function serveThread(port: ThreadPort<ThreadAnswer, ThreadRequest>): void {
  let prepared: PreparedGraph | undefined;
  const answer = async (request: ThreadRequest): Promise<ThreadAnswer> => {
    const { id } = request;
    if (request.kind === "prepare") {
      prepared = await prepareText(request);
      return { id, results: new Map() };
    }
    if (prepared === undefined) throw new Error("a run came before its graph");
    return { id, results: detached(await prepared.run(request.feeds)) };
  };
  port.listen((request) => {
    answer(request).then(
      (message) => port.send(message),
      (error: unknown) => port.send({ id: request.id, ...failureOf(error) }),
    );
  });
}

function prepareText({ graph: text, wanted, engine, options }: Extract<ThreadRequest, { kind: "prepare" }>) {
  const graph = parseGraph(text, operators);
  const values = [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)];
  const names = new Set(wanted);
  return engines[engine](options).prepare(
    graph,
    values.filter(({ name }) => names.has(name)),
  );
}

function failureOf(error: unknown) {
  if (error instanceof DiagnosticError) return { diagnostics: error.diagnostics };
  return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
