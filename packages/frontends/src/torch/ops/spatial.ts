import type { Value } from "@millrace/ir";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call } from "../call.ts";

/** One entry for each spatial axis; a single one stands for all. */
export function perAxis(call: Call, name: string, list: readonly number[], rank: number): readonly number[] {
  if (list.length === rank) return list;
  if (list.length === 1) return new Array<number>(rank).fill(list[0]);
  return call.invalid(`its ${name} has ${list.length} entries for ${rank} axes`);
}

/** What `make` makes of data with a batch, channels and `rank` spatial axes; data without a batch gets one for it. */
export function withBatch(call: Call, x: Value, rank: number, make: (batch: Value) => Value): Value {
  const { shape } = x.type;
  if (shape.length !== rank + 1) return make(x);
  const result = make(reshaped(call.writer, x, [1, ...shape]));
  return reshaped(call.writer, result, result.type.shape.slice(1));
}
