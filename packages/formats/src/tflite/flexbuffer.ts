import { FormatError } from "../error.ts";

/** What a custom operator's options may hold here: scalars and lists of numbers by name. */
export type FlexValue = number | boolean | string | readonly number[];

const types = { int: 1, uint: 2, float: 3, key: 4, string: 5, map: 9, vector: 10, boolean: 26, booleans: 36 } as const;
/** Lists of numbers without types of their own, by the type of their elements. */
const listed: Readonly<Record<number, number>> = { 11: types.int, 12: types.uint, 13: types.float, 36: types.boolean };
const indirect: Readonly<Record<number, number>> = { 6: types.int, 7: types.uint, 8: types.float };

function wrong(why: string): never {
  throw new FormatError("tflite.flexbuffer", `The options of a custom operator ${why}.`, {
    hint: "Export the model again.",
  });
}

class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #within(at: number, width: number): void {
    if (![1, 2, 4, 8].includes(width) || at < 0 || at + width > this.bytes.length) wrong("reach beyond their end");
  }

  unsigned(at: number, width: number): number {
    this.#within(at, width);
    if (width === 8) return Number(this.#view.getBigUint64(at, true));
    return width === 4 ? this.#view.getUint32(at, true) : width === 2 ? this.#view.getUint16(at, true) : this.bytes[at];
  }

  scalar(at: number, width: number, type: number): number | boolean {
    const stored = this.unsigned(at, width);
    if (type === types.boolean) return stored !== 0;
    if (type === types.uint) return stored;
    if (type === types.int) return width === 8 ? Number(this.#view.getBigInt64(at, true)) : signed(stored, width);
    if (width === 4) return this.#view.getFloat32(at, true);
    return width === 8 ? this.#view.getFloat64(at, true) : wrong("hold a number of unknown form");
  }

  /** Where an offset leads. */
  target(at: number, width: number): number {
    return at - this.unsigned(at, width);
  }

  key(at: number): string {
    const end = at < 0 ? -1 : this.bytes.indexOf(0, at);
    if (end < 0) wrong("have a name without an end");
    return new TextDecoder().decode(this.bytes.subarray(at, end));
  }
}

function signed(stored: number, width: number): number {
  const bits = 8 * width;
  return stored >= 2 ** (bits - 1) ? stored - 2 ** bits : stored;
}

function readValue(reader: Reader, at: number, width: number, packed: number): FlexValue {
  const [type, childWidth] = [packed >> 2, 1 << (packed & 3)];
  if (type <= types.float || type === types.boolean) return type === 0 ? 0 : reader.scalar(at, width, type);
  const target = reader.target(at, width);
  if (indirect[type]) return reader.scalar(target, childWidth, indirect[type]);
  if (type === types.key) return reader.key(target);
  const count = reader.unsigned(target - childWidth, childWidth);
  if (count * childWidth > reader.bytes.length) wrong("reach beyond their end");
  if (type === types.string) return new TextDecoder().decode(reader.bytes.subarray(target, target + count));
  const places = Array.from({ length: count }, (_, index) => target + index * childWidth);
  if (listed[type]) return places.map((place) => Number(reader.scalar(place, childWidth, listed[type])));
  if (type !== types.vector) wrong(`hold a value of type ${type}`);
  return places.map((place, index) => {
    const packedType = reader.unsigned(target + count * childWidth + index, 1);
    return Number(reader.scalar(place, childWidth, packedType >> 2));
  });
}

/** The entries of a FlexBuffer map, as custom operators of TFLite keep their options. Throws FormatError `tflite.flexbuffer`. */
export function readFlexMap(bytes: Uint8Array): ReadonlyMap<string, FlexValue> {
  if (bytes.length < 3) wrong("are missing");
  const reader = new Reader(bytes);
  const [packed, rootWidth] = [bytes[bytes.length - 2], bytes[bytes.length - 1]];
  if (packed >> 2 !== types.map) wrong("are no map");
  const width = 1 << (packed & 3);
  const map = reader.target(bytes.length - 2 - rootWidth, rootWidth);
  const count = reader.unsigned(map - width, width);
  if (count * width > bytes.length) wrong("reach beyond their end");
  const [keys, keyWidth] = [reader.target(map - 3 * width, width), reader.unsigned(map - 2 * width, width)];
  const entries = Array.from({ length: count }, (_, index): [string, FlexValue] => [
    reader.key(reader.target(keys + index * keyWidth, keyWidth)),
    readValue(reader, map + index * width, width, reader.unsigned(map + count * width + index, 1)),
  ]);
  return new Map(entries);
}

/** A FlexBuffer map of numbers and truth values, every one four bytes wide; numbers in `reals` are stored as float32. */
export function writeFlexMap(
  entries: ReadonlyMap<string, number | boolean>,
  reals: readonly string[] = [],
): Uint8Array {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const names = sorted.map(([name]) => new TextEncoder().encode(name));
  const starts = names.map((_, index) => names.slice(0, index).reduce((sum, { length }) => sum + length + 1, 0));
  const keys = 4 * Math.ceil(names.reduce((sum, { length }) => sum + length + 1, 0) / 4) + 4;
  const map = keys + 4 * names.length + 12;
  const root = 4 * Math.ceil((map + 5 * names.length) / 4);
  const bytes = new Uint8Array(root + 6);
  const view = new DataView(bytes.buffer);
  names.forEach((name, index) => {
    bytes.set(name, starts[index]);
    view.setUint32(keys + 4 * index, keys + 4 * index - starts[index], true);
  });
  view.setUint32(keys - 4, names.length, true);
  view.setUint32(map - 12, map - 12 - keys, true);
  view.setUint32(map - 8, 4, true);
  view.setUint32(map - 4, names.length, true);
  sorted.forEach(([name, value], index) => {
    const real = reals.includes(name);
    if (real) view.setFloat32(map + 4 * index, Number(value), true);
    else view.setInt32(map + 4 * index, Number(value), true);
    const type = real ? types.float : typeof value === "boolean" ? types.boolean : types.int;
    bytes[map + 4 * names.length + index] = (type << 2) | 2;
  });
  view.setUint32(root, root - map, true);
  bytes.set([(types.map << 2) | 2, 4], root + 4);
  return bytes;
}
