import { FormatError } from "../../error.ts";

/** JSON as data: an object is a map, so that no key means anything; an integer beyond 2^53 is a bigint. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | ReadonlyMap<string, Json>;

const maximumDepth = 200;
/** A program of a hundred thousand nodes has as many. */
const maximumValues = 10_000_000;
/** Longer integers are none of the schema's, and lose their low digits. */
const maximumDigits = 40;
const numberPattern = /-?(?:Infinity|(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)/y;
const spacePattern = /[ \t\r\n]*/y;
/** A text up to a quote or an escape. */
const plainPattern = /[^"\\]*/y;
/** Values that are words, by their first letters. */
const words: ReadonlyMap<string, readonly [word: string, value: Json]> = new Map<string, readonly [string, Json]>([
  ["n", ["null", null]],
  ["t", ["true", true]],
  ["f", ["false", false]],
  ["N", ["NaN", Number.NaN]],
]);

/**
 * Reads JSON (RFC 8259) as Python writes it: `NaN` and `Infinity` are numbers, integers of 64 bits are exact. Throws FormatError
 * `pt2.malformed` at `where`, for nesting over 200 levels and over ten million values too.
 */
export function parseJson(bytes: Uint8Array, where: string): Json {
  const parser = new Parser(new TextDecoder().decode(bytes), where);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  readonly #where: string;
  #position = 0;
  #values = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
  }

  value(depth: number): Json {
    if (depth > maximumDepth) this.#fail("is nested too deeply");
    if (++this.#values > maximumValues) this.#fail("has too many values");
    this.#skip(spacePattern);
    const first = this.#text[this.#position];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    const word = words.get(first ?? "");
    if (word !== undefined && this.#text.startsWith(word[0], this.#position)) {
      this.#position += word[0].length;
      return word[1];
    }
    return this.#number();
  }

  end(): void {
    this.#skip(spacePattern);
    if (this.#position < this.#text.length) this.#fail("goes on after its end");
  }

  #object(depth: number): ReadonlyMap<string, Json> {
    const entries = new Map<string, Json>();
    this.#items("}", () => {
      this.#skip(spacePattern);
      const key = this.#string();
      this.#expect(":");
      entries.set(key, this.value(depth + 1));
    });
    return entries;
  }

  #array(depth: number): readonly Json[] {
    const items: Json[] = [];
    this.#items("]", () => items.push(this.value(depth + 1)));
    return items;
  }

  #items(close: string, read: () => void): void {
    this.#position++;
    if (this.#accept(close)) return;
    do read();
    while (this.#accept(","));
    this.#expect(close);
  }

  #string(): string {
    if (this.#text[this.#position] !== '"') this.#fail("has no text");
    const start = this.#position++;
    for (;;) {
      this.#skip(plainPattern);
      if (this.#text[this.#position] !== "\\") break;
      this.#position += 2;
    }
    if (this.#text[this.#position++] !== '"') this.#fail("has a text without an end");
    try {
      return JSON.parse(this.#text.slice(start, this.#position)) as string;
    } catch {
      return this.#fail("has a text with a wrong escape");
    }
  }

  #number(): number | bigint {
    numberPattern.lastIndex = this.#position;
    const match = numberPattern.exec(this.#text);
    if (match === null) return this.#fail("has no value");
    const [literal, fraction, exponent] = match;
    this.#position += literal.length;
    const value = Number(literal);
    const isInteger = fraction === undefined && exponent === undefined && Number.isFinite(value);
    return isInteger && !Number.isSafeInteger(value) && literal.length < maximumDigits ? BigInt(literal) : value;
  }

  #skip(pattern: RegExp): void {
    if (this.#position >= this.#text.length) return;
    pattern.lastIndex = this.#position;
    pattern.exec(this.#text);
    this.#position = pattern.lastIndex;
  }

  #accept(character: string): boolean {
    this.#skip(spacePattern);
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) this.#fail(`has no "${character}"`);
  }

  #fail(problem: string): never {
    const near = JSON.stringify(this.#text.slice(this.#position, this.#position + 20));
    throw new FormatError(
      "pt2.malformed",
      `${this.#where} ${problem} at character ${this.#position}, before ${near}.`,
      {
        hint: "Export the model again with torch.export.save.",
        where: this.#where,
      },
    );
  }
}
