import { parentPort } from "node:worker_threads";
import { nodeThreadPort } from "@millrace/devices/node";
import { serveThread } from "@millrace/toolkit";

if (parentPort) serveThread(nodeThreadPort(parentPort));
