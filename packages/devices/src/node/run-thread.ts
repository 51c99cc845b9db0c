import { parentPort } from "node:worker_threads";
import { serveThread } from "@millrace/runtime";
import { nodeThreadPort } from "./node-thread.ts";

if (parentPort) serveThread(nodeThreadPort(parentPort));
