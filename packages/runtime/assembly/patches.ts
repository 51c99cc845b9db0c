/** What lies under each window, brought together so that one run of elements covers it. */
@unmanaged
export class Patches {
  /** Byte offset in the band of each pixel, and of the runs under its window. */
  pixels: usize;
  runs: usize;
  runCount: i32;
  /** Bytes of a run. */
  length: i32;
  /** Where the patches go, and bytes from one to the next. */
  target: usize;
  stride: i32;
}

/** Gathers the patches of `count` pixels. Up to 15 bytes behind a run are written too, before what belongs there. */
export function gather(patches: Patches, band: usize, count: i32): void {
  const length = patches.length;
  const stride = patches.stride;
  const runs = patches.runs;
  const lastRun = runs + 4 * patches.runCount;
  let target = patches.target;
  for (let pixel = 0; pixel < count; pixel++) {
    const source = band + load<u32>(patches.pixels + 4 * pixel);
    let to = target;
    for (let run = runs; run < lastRun; run += 4) {
      const from = source + load<u32>(run);
      for (let at = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
      to += length;
    }
    target += stride;
  }
}
