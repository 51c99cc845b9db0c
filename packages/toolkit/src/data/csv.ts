import { DatasetError } from "./error.ts";

export interface Table {
  readonly header: readonly string[];
  /** Data rows; row 0 stands under the header and is row 2 of the file. */
  readonly rows: readonly (readonly string[])[];
}

/**
 * Parses comma-separated text with a header row: quoted fields may hold commas, line ends and doubled quotes; lines end in LF or
 * CRLF; blank lines are skipped. Throws `data.bad-csv` with the row for an open quote or a row of another width. Linear in the text.
 */
export function parseCsv(content: string, file: string): Table {
  const records: string[][] = [];
  let position = 0;
  while (position < content.length) {
    const record: string[] = [];
    do {
      const field = readField(content, position, file, records.length + 1);
      record.push(field.text);
      position = field.end + 1;
    } while (content[position - 1] === ",");
    if (content[position - 1] === "\r" && content[position] === "\n") position++;
    if (record.length > 1 || record[0] !== "") records.push(record);
  }
  const [header = [], ...rows] = records;
  const uneven = rows.findIndex((row) => row.length !== header.length);
  if (uneven >= 0) throw bad(file, uneven + 2, `has ${rows[uneven].length} fields and the header has ${header.length}`);
  return { header, rows };
}

/** The fields under a header name. Throws `data.no-column` with the names there are. */
export function columnOf(table: Table, name: string, file: string): readonly string[] {
  const index = table.header.indexOf(name);
  if (index >= 0) return table.rows.map((row) => row[index]);
  throw new DatasetError("data.no-column", `${file} has no column "${name}"`, {
    hint: `Its columns are ${table.header.join(", ").slice(0, 500)}.`,
    where: file,
  });
}

/** One field from `start`, and the position of the comma, line end or end of text after it. */
function readField(content: string, start: number, file: string, row: number): { text: string; end: number } {
  if (content[start] !== '"') {
    const end = fieldEnd(content, start);
    return { text: content.slice(start, end), end };
  }
  const parts: string[] = [];
  for (let position = start + 1; ; ) {
    const quote = content.indexOf('"', position);
    if (quote < 0) throw bad(file, row, "has a quote that is never closed");
    parts.push(content.slice(position, quote));
    if (content[quote + 1] !== '"') {
      const end = fieldEnd(content, quote + 1);
      if (end !== quote + 1) throw bad(file, row, "has text after a closing quote");
      return { text: parts.join('"'), end };
    }
    position = quote + 2;
  }
}

function fieldEnd(content: string, start: number): number {
  let end = start;
  while (end < content.length && !",\r\n".includes(content[end])) end++;
  return end;
}

function bad(file: string, row: number, what: string): DatasetError {
  return new DatasetError("data.bad-csv", `${file}: row ${row} ${what}`, {
    hint: "Repair the row, or write the file again.",
    where: `${file} row ${row}`,
  });
}
