import { type MessagePort, Worker } from "node:worker_threads";
import type { Thread, ThreadAnswer, ThreadPort, ThreadRequest } from "@millrace/runtime";

const ownScript = new URL("./run-thread.ts", import.meta.url);

/** Starts one of Node's worker threads with `script`, which calls `serveThread`. */
export function startNodeThread(script: URL = ownScript): Thread {
  const worker = script.pathname.endsWith(".ts") ? sourceWorker(script) : new Worker(script);
  return {
    send: (request) => worker.postMessage(request),
    listen: (onMessage) => void worker.on("message", (answer: ThreadAnswer) => onMessage(answer)),
    onFailure(listener) {
      worker.once("error", ({ message }) => listener(message));
      worker.once("exit", (code) => listener(`it exited with ${code}`));
    },
    end: () => void worker.terminate(),
  };
}

/** Sources are run through tsx, which threads don't inherit. */
function sourceWorker({ href }: URL): Worker {
  const tsx = import.meta.resolve("tsx/esm/api");
  const code = `import("${tsx}").then(({ register }) => { register({ tsconfig: false }); return import("${href}"); })`;
  return new Worker(code, { eval: true });
}

/** The thread's own end of the line. */
export function nodeThreadPort(port: MessagePort): ThreadPort<ThreadAnswer, ThreadRequest> {
  return {
    send: (answer) => port.postMessage(answer),
    listen: (onMessage) => void port.on("message", (request: ThreadRequest) => onMessage(request)),
  };
}
