/** A member to write; what is not given is as it should be. */
export interface TestingMember {
  readonly name: string;
  readonly data: Uint8Array;
  /** 0 for stored (default), 8 where `data` is deflated. */
  readonly method?: number;
  readonly flags?: number;
  /** What the directory declares. */
  readonly size?: number;
  readonly packedSize?: number;
  readonly offset?: number;
  /** Padding in the local header's extra field. */
  readonly padding?: number;
  /** Whether the sizes come after the data instead of in the local header. */
  readonly descriptor?: boolean;
  /** Whether sizes and offset are 64 bits wide in the directory's extra field. */
  readonly wide?: boolean;
}

/** Writes a zip archive with the given faults; checksums are 0. */
export function zipOf(members: readonly TestingMember[], { wide = false } = {}): Uint8Array {
  const bytes: number[] = [];
  const entries: number[] = [];
  for (const member of members) {
    const offset = member.offset ?? bytes.length;
    const { data, flags = 0, method = 0, padding = 0, descriptor = false } = member;
    const name = [...new TextEncoder().encode(member.name)];
    const packed = descriptor ? 0 : data.length;
    bytes.push(
      ...u32(0x04034b50),
      ...u16(20),
      ...u16(flags),
      ...u16(method),
      ...u32(0),
      ...u32(0),
      ...u32(packed),
      ...u32(packed),
    );
    bytes.push(...u16(name.length), ...u16(padding), ...name, ...new Array<number>(padding).fill(0), ...data);
    if (descriptor) bytes.push(...u32(0x08074b50), ...u32(0), ...u32(data.length), ...u32(data.length));
    entries.push(...directoryEntry(member, name, offset));
  }
  const start = bytes.length;
  bytes.push(...entries, ...endRecords(members.length, entries.length, start, wide));
  return Uint8Array.from(bytes);
}

function directoryEntry(member: TestingMember, name: readonly number[], offset: number): number[] {
  const { data, flags = 0, method = 0, wide = false } = member;
  const sizes = [member.size ?? data.length, member.packedSize ?? data.length, offset];
  const extra = wide ? [...u16(1), ...u16(24), ...sizes.flatMap(u64)] : [];
  const [size, packed, header] = (wide ? [0xffffffff, 0xffffffff, 0xffffffff] : sizes).map(u32);
  return [
    ...u32(0x02014b50),
    ...u16(20),
    ...u16(20),
    ...u16(flags),
    ...u16(method),
    ...u32(0),
    ...u32(0),
    ...packed!,
    ...size!,
    ...u16(name.length),
    ...u16(extra.length),
    ...new Array<number>(10).fill(0),
    ...header!,
    ...name,
    ...extra,
  ];
}

function endRecords(count: number, size: number, start: number, wide: boolean): number[] {
  const end = (entries: number, bytes: number, offset: number) => [
    ...u32(0x06054b50),
    ...u32(0),
    ...u16(entries),
    ...u16(entries),
    ...u32(bytes),
    ...u32(offset),
    ...u16(0),
  ];
  if (!wide) return end(count, size, start);
  const record = [
    ...u32(0x06064b50),
    ...u64(44),
    ...u32(0),
    ...u32(0),
    ...u32(0),
    ...[count, count, size, start].flatMap(u64),
  ];
  const locator = [...u32(0x07064b50), ...u32(0), ...u64(start + size), ...u32(1)];
  return [...record, ...locator, ...end(0xffff, 0xffffffff, 0xffffffff)];
}

function little(value: number, width: number): number[] {
  return Array.from({ length: width }, (_, index) => Math.floor(value / 256 ** index) % 256);
}

const u16 = (value: number): number[] => little(value, 2);
const u32 = (value: number): number[] => little(value, 4);
const u64 = (value: number): number[] => little(value, 8);
