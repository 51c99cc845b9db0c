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
