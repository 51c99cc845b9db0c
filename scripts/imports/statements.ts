import { type Token, tokensOf } from "./tokens.ts";

/** One place where a file names another module. */
export interface ImportStatement {
  readonly specifier: string;
  /** Line of the specifier, counted from 1. */
  readonly line: number;
}

/** What a source file says of other modules. */
export interface SourceImports {
  /** Every `import`, `export … from`, `import("…")` (also in types) and `require("…")`, in order. */
  readonly statements: readonly ImportStatement[];
  /** All strings of the file, and the beginnings of templates: a module may also be named to a loader. */
  readonly strings: ReadonlySet<string>;
}

/** Reads what a TypeScript or JavaScript source imports; comments, strings and regular expressions are not mistaken for code. */
export function importsOf(source: string): SourceImports {
  const tokens = tokensOf(source);
  const statements: ImportStatement[] = [];
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at].kind !== "word" || tokens[at - 1]?.text === ".") continue;
    const specifier = specifierAt(tokens, at);
    if (specifier?.kind === "string") statements.push({ specifier: specifier.text, line: specifier.line });
  }
  return { statements, strings: new Set(tokens.flatMap(quotedText)) };
}

function quotedText({ kind, text }: Token): string[] {
  if (kind === "string") return [text];
  return text.startsWith("`") ? [text.slice(1)] : [];
}

/** The token where a statement that starts with the word at `at` has its specifier. */
function specifierAt(tokens: readonly Token[], at: number): Token | undefined {
  const { text } = tokens[at];
  const following = tokens[at + 1];
  if (following === undefined) return undefined;
  const called = isMark(following, "(");
  if (text === "require") return called ? tokens[at + 2] : undefined;
  if (text === "import") {
    if (called) return tokens[at + 2];
    return following.kind === "string" ? following : afterFrom(tokens, at + 1);
  }
  if (text !== "export") return undefined;
  const clause = following.text === "type" ? at + 2 : at + 1;
  return isMark(tokens[clause], "{") || isMark(tokens[clause], "*") ? afterFrom(tokens, clause) : undefined;
}

/** The token behind `from` after a clause such as `a, { b as c }` or `* as d`. */
function afterFrom(tokens: readonly Token[], clause: number): Token | undefined {
  for (let at = clause; at < tokens.length; at++) {
    if (isMark(tokens[at], "{")) {
      at = tokens.findIndex((token, index) => index > at && isMark(token, "}"));
      return at >= 0 && tokens[at + 1]?.text === "from" ? tokens[at + 2] : undefined;
    }
    if (tokens[at].text === "from" && tokens[at + 1]?.kind === "string") return tokens[at + 1];
    if (tokens[at].kind !== "word" && !isMark(tokens[at], ",") && !isMark(tokens[at], "*")) return undefined;
  }
  return undefined;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}
