/** Something wrong at a path of a JSON document, such as `inputs.x.dtype`. */
export interface Problem {
  readonly at: string;
  readonly message: string;
}

/** Checks a JSON value: its typed form, or undefined after noting what is wrong. */
export type Reader<T> = (value: unknown, at: string, problems: Problem[]) => T | undefined;

/** Beyond this many, unknown keys go unmentioned. */
const mostProblems = 100;

interface Field<T> {
  readonly read: Reader<T>;
  readonly required: boolean;
}

export function required<T>(read: Reader<T>): Field<T> {
  return { read, required: true };
}

export function optional<T>(read: Reader<T>): Field<T> {
  return { read, required: false };
}

/** A value that `accepts` recognizes; `expected` names it in the report. */
export function value<T>(expected: string, accepts: (candidate: unknown) => candidate is T): Reader<T> {
  return (candidate, at, problems) => {
    if (accepts(candidate)) return candidate;
    problems.push({ at, message: `is ${show(candidate)} and must be ${expected}` });
    return undefined;
  };
}

export const text = value("a text", (candidate) => typeof candidate === "string");

export const truth = value("true or false", (candidate): candidate is boolean => typeof candidate === "boolean");

export const finite = value("a number", (candidate): candidate is number => Number.isFinite(candidate));

/** An integer from `minimum` to 2^32. */
export function integer(minimum: number): Reader<number> {
  return value(`an integer of at least ${minimum}`, (candidate): candidate is number => {
    return Number.isInteger(candidate) && (candidate as number) >= minimum && (candidate as number) <= 2 ** 32;
  });
}

/** One of the given names; a wrong name is answered with the nearest. */
export function oneOf<const T extends string>(names: readonly T[]): Reader<T> {
  return (candidate, at, problems) => {
    const name = names.find((known) => known === candidate);
    if (name !== undefined) return name;
    const guess = typeof candidate === "string" ? `; the nearest is "${nearest(candidate, names)}"` : "";
    problems.push({ at, message: `is ${show(candidate)} and must be one of ${names.join(", ")}${guess}` });
    return undefined;
  };
}

/** A list of at least `least` items, all read alike. */
export function list<T>(read: Reader<T>, least = 1): Reader<readonly T[]> {
  return (candidate, at, problems) => {
    if (!Array.isArray(candidate) || candidate.length < least) {
      problems.push({
        at,
        message: `is ${show(candidate)} and must be a list${least > 0 ? " that is not empty" : ""}`,
      });
      return undefined;
    }
    return candidate.map((item, index) => read(item, `${at}[${index}]`, problems) as T);
  };
}

/** Reads with `first` where `decides` says so, else with `second`. */
export function either<A, B>(
  decides: (candidate: unknown) => boolean,
  first: Reader<A>,
  second: Reader<B>,
): Reader<A | B> {
  return (candidate, at, problems) => (decides(candidate) ? first : second)(candidate, at, problems);
}

/** An object with these fields and no other; an unknown key is answered with the nearest known one. An undefined value is an absent one. */
export function object<T extends object>(fields: { readonly [K in keyof T]-?: Field<NonNullable<T[K]>> }): Reader<T> {
  const known = Object.keys(fields) as (keyof T & string)[];
  return (candidate, at, problems) => {
    if (!isRecord(candidate)) {
      problems.push({ at, message: `is ${show(candidate)} and must be an object` });
      return undefined;
    }
    for (const key of Object.keys(candidate)) {
      if (Object.hasOwn(fields, key) || problems.length >= mostProblems) continue;
      problems.push({
        at: join(at, key),
        message: `is an unknown key; the nearest known one is "${nearest(key, known)}"`,
      });
    }
    const entries: [string, unknown][] = [];
    for (const key of known) {
      const { read, required } = fields[key];
      const present = Object.hasOwn(candidate, key) && candidate[key] !== undefined;
      if (present) entries.push([key, read(candidate[key], join(at, key), problems)]);
      else if (required) problems.push({ at: join(at, key), message: "is missing" });
    }
    return Object.fromEntries(entries) as T;
  };
}

const mostNames = 64;

/** An object with 1 to 64 keys, any names, whose values are all read alike. */
export function record<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (candidate, at, problems) => {
    const count = isRecord(candidate) ? Object.keys(candidate).length : 0;
    if (!isRecord(candidate) || count === 0 || count > mostNames) {
      problems.push({ at, message: `is ${show(candidate)} and must be an object with 1 to ${mostNames} names` });
      return undefined;
    }
    return Object.fromEntries(
      Object.entries(candidate).map(([key, item]) => [key, read(item, join(at, key), problems) as T]),
    );
  };
}

/** The name with the fewest single-letter edits to `word`. */
export function nearest(word: string, names: readonly string[]): string {
  const start = word.slice(0, 64).toLowerCase();
  return (
    names.map((name) => ({ name, edits: edits(start, name.toLowerCase()) })).sort((a, b) => a.edits - b.edits)[0]
      ?.name ?? ""
  );
}

function edits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1] + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column] + 1, current[column - 1] + 1));
    }
    previous = current;
  }
  return previous[to.length];
}

function isRecord(candidate: unknown): candidate is Record<string, unknown> {
  return typeof candidate === "object" && candidate !== null && !Array.isArray(candidate);
}

function join(at: string, key: string): string {
  const shown = key.slice(0, 64);
  return at === "" ? shown : `${at}.${shown}`;
}

function show(candidate: unknown): string {
  if (Array.isArray(candidate)) return candidate.length === 0 ? "an empty list" : "a list";
  if (isRecord(candidate)) return Object.keys(candidate).length === 0 ? "an empty object" : "an object";
  return JSON.stringify(candidate)?.slice(0, 64) ?? "undefined";
}
