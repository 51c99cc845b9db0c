import { Convolution, convolve, Products } from "./convolution";
import { extremePool } from "./extreme-pool";
import { Movement, move } from "./movement";
import { combinePairs, Pairwise } from "./pairwise";
import { averagePool, Pool } from "./pooling";
import { Quantize, quantize } from "./quantize";
import { Resize, resizeBilinear } from "./resize";
import { multiplyRow } from "./row";
import { Softmax, softmax } from "./softmax";
import { Sums, sumLines } from "./sums";
import { LookUp, lookUp, lookUpWords } from "./tables";
import { convolveTiles, Winograd } from "./winograd";

/** An operation and the address of its parameters; the operations' numbers are those of `src/wasm/commands.ts`. */
@unmanaged
class Command {
  operation: i32;
  parameters: usize;
}

function runOne(operation: i32, parameters: usize): void {
  switch (operation) {
    case 0:
      return convolve(changetype<Convolution>(parameters), Products.all);
    case 1:
      return convolve(changetype<Convolution>(parameters), Products.depthwise);
    case 2:
      return convolve(changetype<Convolution>(parameters), Products.nine);
    case 3:
      return lookUp(changetype<LookUp>(parameters));
    case 4:
      return combinePairs(changetype<Pairwise>(parameters));
    case 5:
      return averagePool(changetype<Pool>(parameters));
    case 6:
      return multiplyRow(changetype<Convolution>(parameters));
    case 7:
      return convolveTiles(changetype<Winograd>(parameters));
    case 8:
      return move(changetype<Movement>(parameters));
    case 9:
      return extremePool(changetype<Pool>(parameters), true);
    case 10:
      return extremePool(changetype<Pool>(parameters), false);
    case 11:
      return sumLines(changetype<Sums>(parameters));
    case 12:
      return softmax(changetype<Softmax>(parameters));
    case 13:
      return resizeBilinear(changetype<Resize>(parameters));
    case 14:
      return quantize(changetype<Quantize>(parameters));
    case 15:
      return lookUpWords(changetype<LookUp>(parameters));
  }
}

/** Runs `count` commands that lie at `first`, one after another. */
export function run(first: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const command = changetype<Command>(first + 8 * index);
    runOne(command.operation, command.parameters);
  }
}
