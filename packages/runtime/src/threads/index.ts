export { serveThread } from "./serve-thread.ts";
export type { Thread, ThreadAnswer, ThreadEngine, ThreadPort, ThreadRequest } from "./thread.ts";
export { type ThreadedOptions, threadedEngine } from "./threaded-engine.ts";
export { webThread, webThreadPort } from "./web-thread.ts";
