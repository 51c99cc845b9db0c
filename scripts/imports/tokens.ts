/** A piece of source code. Comments are left out; a template with substitutions gives only the code inside them. */
export interface Token {
  readonly kind: "word" | "string" | "mark" | "operand";
  /** The word or mark itself; of a string, what stands between its quotes. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

const blank = /(?:\s|\/\/[^\n]*|\/\*.*?(?:\*\/|$))+/suy;
const word = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const number = /\.?\d[\w.]*/y;
const quoted = /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?/sy;
const template = /[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{|$)/sy;
const regularExpression = /\/(?:[^\\/[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/\w*/y;
const mark = /\.\.\.|./suy;

/** Words after which a slash starts a regular expression. */
const operators = new Set("await case delete do else in instanceof new of return throw typeof void yield".split(" "));

/**
 * Splits TypeScript or JavaScript (without JSX) into tokens, in order. A slash is read as a division after anything
 * that may end an operand. Never fails: what is not a token of the language becomes marks.
 */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const braces: ("block" | "substitution")[] = [];
  let [at, line] = [0, 1];
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  while (at < source.length) {
    const space = take(blank);
    const { text, kind } = space ? { text: space } : next(source[at], take, tokens, braces.at(-1) === "substitution");
    if (kind) {
      tokens.push({ kind, text: kind === "string" ? text.slice(1, -1) : text, line });
      track(braces, source[at], text);
    }
    at += text.length;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) line++;
  }
  return tokens;
}

type Found = { readonly text: string; readonly kind?: Token["kind"] };

function next(
  first: string,
  take: (pattern: RegExp) => string | undefined,
  before: readonly Token[],
  inTemplate: boolean,
): Found {
  if (first === "`" || (first === "}" && inTemplate)) {
    const text = take(template) as string;
    return { text, kind: first === "`" && !text.endsWith("${") ? "string" : "operand" };
  }
  const name = take(word);
  if (name) return { text: name, kind: "word" };
  const string = take(quoted);
  if (string) return { text: string, kind: "string" };
  const literal = take(number) ?? (first === "/" && !endsOperand(before) ? take(regularExpression) : undefined);
  return literal ? { text: literal, kind: "operand" } : { text: take(mark) as string, kind: "mark" };
}

function track(braces: ("block" | "substitution")[], first: string, text: string): void {
  if (first === "}") braces.pop();
  if (text === "{") braces.push("block");
  else if ((first === "`" || first === "}") && text.endsWith("${")) braces.push("substitution");
}

function endsOperand(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  if (last === undefined) return false;
  if (last.kind === "word") return !operators.has(last.text) || tokens.at(-2)?.text === ".";
  if (last.text === "!") return endsOperand(tokens.slice(-3, -1));
  return last.kind !== "mark" || [")", "]", "}"].includes(last.text);
}
