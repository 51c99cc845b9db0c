import { fail } from "./diagnostic.ts";

const hint = "Write the graph as printGraph does.";

/** A place in a text that is read from front to back; white space between parts is skipped. */
export class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the next part begins. */
  get place(): number {
    while (this.#at < this.#text.length && " \t\r\n".includes(this.#text[this.#at])) this.#at++;
    return this.#at;
  }

  get atEnd(): boolean {
    return this.place >= this.#text.length;
  }

  /** Reads `token` if it comes next, and, where `ends` is given, a character it matches or the end of the text after it. */
  accept(token: string, ends?: RegExp): boolean {
    const end = this.place + token.length;
    if (!this.#text.startsWith(token, this.#at)) return false;
    if (ends && end < this.#text.length && this.#text[end].search(ends) < 0) return false;
    this.#at = end;
    return true;
  }

  /** Whether `token` comes next. */
  comes(token: string): boolean {
    return this.#text.startsWith(token, this.place);
  }

  expect(token: string): void {
    if (!this.accept(token)) this.fail("text.syntax", `here should be ${JSON.stringify(token)}`);
  }

  /** Reads up to the first character that `ends`, a global pattern of one character, matches. */
  until(ends: RegExp): string {
    const start = this.place;
    ends.lastIndex = start;
    this.#at = ends.exec(this.#text)?.index ?? this.#text.length;
    return this.#text.slice(start, this.#at);
  }

  /** Reads a string in double quotes with the escapes of JSON, or nothing if no quote comes next. */
  quoted(): string | undefined {
    const start = this.place;
    if (this.#text[start] !== '"') return undefined;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"' && this.#text[end] !== "\n") {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    try {
      const value = JSON.parse(this.#text.slice(start, end + 1)) as string;
      this.#at = end + 1;
      return value;
    } catch {
      return this.fail("text.syntax", "this string does not end or has an unknown escape", start);
    }
  }

  /** Items between brackets with commas between them. */
  list<T>(open: string, close: string, read: () => T): T[] {
    const items: T[] = [];
    this.expect(open);
    if (this.accept(close)) return items;
    do items.push(read());
    while (this.accept(","));
    this.expect(close);
    return items;
  }

  /** Throws a diagnostic about a place, the next one without it. */
  fail(code: string, message: string, place = this.place): never {
    const before = this.#text.slice(0, place);
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    fail(code, `Line ${line}, column ${column}: ${message}.`, { hint });
  }
}
