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

const send = (message: FuzzMessage) => process.send?.(message);

process.on("message", async ({ source, mutation, from, to }: FuzzTask) => {
  for (let index = from; index < to; index++) {
    send({ kind: "started", index });
    const bytes = mutated(source, mutation, index);
    const outcome: Outcome = bytes
      ? await outcomeOf(source.name, bytes)
      : { kind: "skipped", detail: "the mutated model can't be written" };
    send({ kind: "ended", index, outcome });
  }
});
