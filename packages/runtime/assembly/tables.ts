/** Replaces each byte by its entry of a table of 256. */
export function lookUp(source: usize, table: usize, target: usize, count: i32): void {
  for (let at = 0; at < count; at++) store<u8>(target + at, load<u8>(table + load<u8>(source + at)));
}

/** Replaces each pair of bytes by its entry of a table of 65536, in which the first counts 256 fold. */
export function lookUpPair(first: usize, second: usize, table: usize, target: usize, count: i32): void {
  for (let at = 0; at < count; at++) {
    const index = (<usize>load<u8>(first + at) << 8) | load<u8>(second + at);
    store<u8>(target + at, load<u8>(table + index));
  }
}
