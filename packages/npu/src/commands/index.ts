import { average } from "./average.ts";
import { combine } from "./combine.ts";
import type { CommandKind } from "./command.ts";
import { convolve } from "./convolve.ts";
import { depthwise } from "./depthwise.ts";
import { fill } from "./fill.ts";
import { interpolate } from "./interpolate.ts";
import { lookUp } from "./look-up.ts";
import { move } from "./move.ts";
import { pool } from "./pool.ts";
import { dequantize, quantize } from "./quantize.ts";
import { awaitTransfers, transfer } from "./transfer.ts";
import { transpose } from "./transpose.ts";

/** Every kind of command, by its code in the stream. */
export const commandKinds: ReadonlyMap<number, CommandKind> = new Map(
  [
    convolve,
    depthwise,
    pool,
    combine,
    lookUp,
    move,
    fill,
    transfer,
    awaitTransfers,
    average,
    quantize,
    dequantize,
    interpolate,
    transpose,
  ].map((kind) => [kind.code, kind as CommandKind]),
);
