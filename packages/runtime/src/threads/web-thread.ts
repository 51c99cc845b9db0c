import type { Thread, ThreadAnswer, ThreadPort, ThreadRequest } from "./thread.ts";

/** What the global object of a Web Worker, and a MessagePort that was started, offer. */
interface MessageTarget {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/** A Web Worker whose script calls `serveThread(webThreadPort(globalThis))`. */
export function webThread(worker: Worker): Thread {
  return {
    ...webPort<ThreadRequest, ThreadAnswer>(worker),
    onFailure: (listener) => worker.addEventListener("error", ({ message }) => listener(message), { once: true }),
    end: () => worker.terminate(),
  };
}

/** The thread's own end of the line. */
export function webThreadPort(target: MessageTarget): ThreadPort<ThreadAnswer, ThreadRequest> {
  return webPort(target);
}

function webPort<Sent, Received>(target: MessageTarget): ThreadPort<Sent, Received> {
  return {
    send: (message) => target.postMessage(message),
    listen: (onMessage) => target.addEventListener("message", ({ data }) => onMessage(data)),
  };
}
