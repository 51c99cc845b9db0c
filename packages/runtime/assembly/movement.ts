/** Runs of bytes to be put one behind another. */
@unmanaged
export class Movement {
  target: usize;
  blocks: usize;
  count: i32;
}

/** Runs of one length, a step of their sources apart. */
@unmanaged
class Block {
  source: usize;
  length: i32;
  runs: i32;
  step: i32;
}

function moveBytes(source: usize, step: i32, target: usize, count: i32): void {
  for (let at = 0; at < count; at++) {
    store<u8>(target + at, load<u8>(source));
    source += step;
  }
}

/** Runs are copied by 16 bytes: what is too much is overwritten by the next, or lies behind the result. */
export function move(call: Movement): void {
  let target = call.target;
  for (let index = 0; index < call.count; index++) {
    const block = changetype<Block>(call.blocks + 16 * index);
    const length = block.length, runs = block.runs;
    let source = block.source;
    if (length == 1) moveBytes(source, block.step, target, runs);
    else {
      for (let run = 0; run < runs; run++) {
        const to = target + run * length;
        for (let at = 0; at < length; at += 16) v128.store(to + at, v128.load(source + at));
        source += block.step;
      }
    }
    target += length * runs;
  }
}
