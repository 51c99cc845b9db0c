import { defineCommand } from "./command.ts";

/** Has bytes copied beside the array's work, once the command ahead has ended; transfers are done one after the other. What they touch is not to be used before an `await`. */
export const transfer = defineCommand({
  name: "transfer",
  code: 8,
  fields: ["from", "to", "bytes"],
  addresses: ["from", "to"],
  problems: ({ bytes }) => (bytes >= 1 ? [] : ["bytes is less than 1"]),
  reads: ({ from, bytes }) => [{ address: from, bytes }],
  writes: ({ to, bytes }) => [{ address: to, bytes }],
  execute: ({ from, to, bytes }, memory) => memory.bytesOf(to, bytes).set(memory.bytesOf(from, bytes)),
});

/** Lets the array wait until that many transfers of the stream have ended. */
export const awaitTransfers = defineCommand({
  name: "await",
  code: 9,
  fields: ["transfers"],
  addresses: [],
  problems: ({ transfers }) => (transfers >= 1 ? [] : ["transfers is less than 1"]),
});
