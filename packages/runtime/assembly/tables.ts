/** Elements to be replaced by entries of a table of 256. */
@unmanaged
export class LookUp {
  source: usize;
  table: usize;
  target: usize;
  count: i32;
}

/** Replaces each byte by its entry of the table. */
export function lookUp(call: LookUp): void {
  const source = call.source, table = call.table, target = call.target, count = call.count;
  for (let at = 0; at < count; at++) store<u8>(target + at, load<u8>(table + load<u8>(source + at)));
}

/** Pairs of elements to be replaced by entries of a table of 65536, in which the first counts 256 fold. */
@unmanaged
export class LookUpPair {
  first: usize;
  second: usize;
  table: usize;
  target: usize;
  count: i32;
}

/** Replaces each pair of bytes by its entry of the table. */
export function lookUpPair(call: LookUpPair): void {
  const first = call.first, second = call.second, table = call.table, target = call.target, count = call.count;
  for (let at = 0; at < count; at++) {
    const index = (<usize>load<u8>(first + at) << 8) | load<u8>(second + at);
    store<u8>(target + at, load<u8>(table + index));
  }
}
