import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours text where it goes to a terminal; NO_COLOR turns that off. */
export function styled(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const coloured = stream.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return coloured ? styleText(style, text) : text;
}

/** Text without characters that would steer a terminal; line breaks and tabs become spaces. Names in models may hold anything. */
export function printable(text: string): string {
  return text.replace(/[\r\n\t]+/gu, " ").replace(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, "\uFFFD");
}

/** Lines of columns that stand one under another; numbers are set to the right. */
export function columns(rows: readonly (readonly (string | number)[])[], indent = "  "): string {
  const width = (index: number) => Math.max(...rows.map((row) => String(row[index] ?? "").length));
  const widths = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, index) => width(index));
  const cell = (value: string | number, index: number) =>
    typeof value === "number" ? String(value).padStart(widths[index]) : value.padEnd(widths[index]);
  return rows.map((row) => `${indent}${row.map(cell).join("  ").trimEnd()}`).join("\n");
}

/** Lines of text that may hold names of models. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
