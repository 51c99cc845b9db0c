import { Convolution, convolve, Products } from "./convolution";
import { Movement, move } from "./movement";
import { combinePairs, Pairwise } from "./pairwise";
import { AveragePool, averagePool } from "./pooling";
import { multiplyRow } from "./row";
import { LookUp, lookUp } from "./tables";
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
      return averagePool(changetype<AveragePool>(parameters));
    case 6:
      return multiplyRow(changetype<Convolution>(parameters));
    case 7:
      return convolveTiles(changetype<Winograd>(parameters));
    case 8:
      return move(changetype<Movement>(parameters));
  }
}

/** Runs `count` commands that lie at `first`, one after another. */
export function run(first: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const command = changetype<Command>(first + 8 * index);
    runOne(command.operation, command.parameters);
  }
}
