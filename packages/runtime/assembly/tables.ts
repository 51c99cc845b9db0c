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

/** Replaces each byte by its entry of a table of 32-bit words. */
export function lookUpWords(call: LookUp): void {
  const source = call.source, table = call.table, target = call.target, count = call.count;
  for (let at = 0; at < count; at++) store<u32>(target + 4 * at, load<u32>(table + 4 * <usize>load<u8>(source + at)));
}
