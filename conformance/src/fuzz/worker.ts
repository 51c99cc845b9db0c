import { type Mutation, mutated } from "./fuzz-case.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { FuzzSource } from "./sources.ts";

/** Cases of one source in a row. */
export interface FuzzTask {
  readonly source: FuzzSource;
  readonly mutation: Mutation;
  readonly from: number;
  readonly to: number;
}

/** `started` goes out before a case, `ended` after it. */
export type FuzzMessage =
  | { readonly kind: "started"; readonly index: number }
  | { readonly kind: "ended"; readonly index: number; readonly outcome: Outcome };

/** Resolves once the message has left: cases that never wait would keep messages back until the last of them. */
const send = (message: FuzzMessage) => new Promise((resolve) => process.send?.(message, resolve));

process.on("message", async ({ source, mutation, from, to }: FuzzTask) => {
  for (let index = from; index < to; index++) {
    await send({ kind: "started", index });
    const bytes = mutated(source, mutation, index);
    const outcome: Outcome = bytes
      ? await outcomeOf(source.name, bytes)
      : { kind: "skipped", detail: "the mutated model can't be written" };
    await send({ kind: "ended", index, outcome });
  }
});
