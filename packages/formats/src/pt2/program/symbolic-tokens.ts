/** A piece of a symbolic expression; `text` is what is written, and of a kind `text` what stands between its quotes. */
export type SymbolicToken =
  | { readonly kind: "name" | "text" | "punctuation"; readonly text: string }
  | { readonly kind: "number"; readonly text: string; readonly value: number | bigint };

const pattern =
  /\s*(?:(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][\w.]*)|'(?<text>[^'\\]*)'|(?<punctuation>\*\*|\/\/|[<>=!]=|[-+*/%()<>=,|&~]))/y;
const spaces = /\s*/y;

/** The tokens of a text, or undefined if something else is in it. */
export function tokenize(text: string): readonly SymbolicToken[] | undefined {
  const tokens: SymbolicToken[] = [];
  for (let position = 0; position < text.length; ) {
    pattern.lastIndex = position;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) {
      spaces.lastIndex = position;
      spaces.exec(text);
      return spaces.lastIndex === text.length ? tokens : undefined;
    }
    position = pattern.lastIndex;
    tokens.push(tokenOf(groups));
  }
  return tokens;
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>): SymbolicToken {
  const { number, name, text, punctuation } = groups;
  if (number !== undefined) return { kind: "number", text: number, value: numberOf(number) };
  if (name !== undefined) return { kind: "name", text: name };
  return text === undefined ? { kind: "punctuation", text: punctuation! } : { kind: "text", text };
}

function numberOf(literal: string): number | bigint {
  const value = Number(literal);
  return /^\d{1,40}$/.test(literal) && !Number.isSafeInteger(value) ? BigInt(literal) : value;
}
