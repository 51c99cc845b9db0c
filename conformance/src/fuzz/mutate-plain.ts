import type { Random } from "./random.ts";

type Plain = Record<string, unknown> | unknown[];

/** A place in a tree of plain objects. */
interface Place {
  readonly parent: Plain;
  readonly key: string | number;
  /** The path without indices: places of one kind share it. */
  readonly kind: string;
}

/** What is known of a format. */
export interface Grammar {
  /** Texts that a field may hold beside those that the model holds in such fields, by the field's name. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  /** Paths as in `.subgraphs[].tensors[].shape` of fields that decide what a model computes. */
  readonly decisive: RegExp;
}

/**
 * A copy of a model in which one field, list or buffer that decides what it computes differs. Every kind of field is as likely as any
 * other, however often the model has it. Buffers that stay are shared with the original.
 */
export function mutatePlain<T extends object>(model: T, { texts: vocabulary, decisive }: Grammar, random: Random): T {
  const copy = copyOf(model) as T;
  const places = placesOf(copy);
  const kind = random.pick([...places.keys()].filter((path) => decisive.test(path)));
  const alike = places.get(kind)!;
  const { parent, key } = random.pick(alike);
  const field = kind.replace(/\[\]/g, "").replace(/^.*\./, "");
  const before = (parent as Record<string, unknown>)[key];
  const texts = typeof before === "string" ? [...(vocabulary[field] ?? []), ...textsAt(alike)] : [];
  (parent as Record<string, unknown>)[key] = otherValue(before, texts, random);
  return copy;
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)]));
}

function placesOf(root: object): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  const pending: { readonly parent: Plain; readonly path: string }[] = [{ parent: root as Plain, path: "" }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { parent, path } = next;
    for (const [key, value] of Object.entries(parent)) {
      const kind = Array.isArray(parent) ? `${path}[]` : `${path}.${key}`;
      const known = places.get(kind) ?? [];
      known.push({ parent, key, kind });
      places.set(kind, known);
      if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value))
        pending.push({ parent: value as Plain, path: kind });
    }
  }
  return places;
}

function textsAt(places: readonly Place[]): readonly string[] {
  return places.flatMap(({ parent, key }) => {
    const value = (parent as Record<string, unknown>)[key];
    return typeof value === "string" ? [value] : [];
  });
}

const integers = [0, 1, -1, 2, 3, 7, 127, 128, 255, 65_535, 2 ** 20, 2 ** 31 - 1, -(2 ** 31)];
const reals = [0, -0, 1, -1, 0.5, 1e-38, 1e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function otherValue(value: unknown, texts: readonly string[], random: Random): unknown {
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return random.pick(["", ...texts]);
  if (typeof value === "number") return otherNumber(value, random);
  if (typeof value === "bigint") return BigInt(otherInteger(Number(value), random));
  if (Array.isArray(value)) return otherList(value, random);
  if (value instanceof Uint8Array) return otherBytes(value, random);
  if (ArrayBuffer.isView(value)) return (value as Float32Array).slice(random.below(2));
  return undefined;
}

function otherNumber(value: number, random: Random): number {
  return Number.isInteger(value) && random.below(4) > 0 ? otherInteger(value, random) : random.pick(reals);
}

function otherInteger(value: number, random: Random): number {
  return random.pick([...integers, value + 1, value - 1, value * 2, -value]);
}

function otherList(list: readonly unknown[], random: Random): unknown[] {
  const at = random.below(list.length);
  const other = list[random.below(list.length)];
  return random.pick<() => unknown[]>([
    () => [],
    () => [...list.slice(0, at), ...list.slice(at + 1)],
    () => (list.length === 0 ? [1] : [...list, copyOf(other)]),
    () => [...list.slice(0, at), copyOf(other), ...list.slice(at + 1)],
    () => [...list].reverse(),
  ])();
}

/** Shorter, longer, or with one word replaced; small buffers often hold shapes, axes or paddings. */
function otherBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const way = random.below(8);
  if (way === 0) return bytes.slice(0, random.below(bytes.length + 1));
  if (way === 1) return Uint8Array.from([...bytes, 0, 0, 0, 0]);
  const copy = bytes.slice();
  const words = Math.floor(copy.length / 4);
  if (words === 0) return copy.fill(random.below(256));
  const view = new DataView(copy.buffer);
  const at = 4 * random.below(words);
  if (way < 7) view.setInt32(at, otherInteger(view.getInt32(at, true), random), true);
  else view.setFloat32(at, random.pick(reals), true);
  return copy;
}
