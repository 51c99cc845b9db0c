import { addDimensions } from "./dimension.ts";

const longest = 4096;
const integer = /-?\d+/y;
const symbol = /[A-Za-z_][A-Za-z0-9_.:]*/y;

/** Whether a text is the canonical form of a symbolic size, as `Dimension` describes it. */
export function isSymbolicDimension(text: string): boolean {
  return text.length <= longest && sum(text, 0) === text.length && addDimensions(text, 0) === text;
}

/** Each of these reads its part of the grammar and returns where it ends, or -1. */
function sum(text: string, start: number): number {
  let at = product(text, start);
  while (at >= 0 && (text.startsWith(" + ", at) || text.startsWith(" - ", at))) at = product(text, at + 3);
  return at;
}

function product(text: string, start: number): number {
  let at = factor(text, start);
  while (at >= 0 && text[at] === "*") at = factor(text, at + 1);
  return at;
}

function factor(text: string, start: number): number {
  if (text.startsWith("floor(", start)) {
    const slash = operand(text, start + "floor(".length);
    const end = slash >= 0 && text[slash] === "/" ? operand(text, slash + 1) : -1;
    return end >= 0 && text[end] === ")" ? end + 1 : -1;
  }
  const number = match(integer, text, start);
  return number >= 0 ? number : match(symbol, text, start);
}

function operand(text: string, start: number): number {
  if (text[start] !== "(") return factor(text, start);
  const end = sum(text, start + 1);
  return end >= 0 && text[end] === ")" ? end + 1 : -1;
}

function match(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : -1;
}
