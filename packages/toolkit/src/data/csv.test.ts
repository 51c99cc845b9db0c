import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnOf, parseCsv } from "./csv.ts";
import { errorOf } from "./test-data.ts";

describe("csv", () => {
  it("reads quotes, doubled quotes, commas and line ends in quotes, CRLF and blank lines", () => {
    const table = parseCsv('name,label\r\n"a, ""b""\r\nc",1\n\nd,2\n', "x.csv");
    expect(table).toEqual({
      header: ["name", "label"],
      rows: [
        ['a, "b"\r\nc', "1"],
        ["d", "2"],
      ],
    });
    expect(columnOf(table, "label", "x.csv")).toEqual(["1", "2"]);
  });

  it("reads back whatever was quoted", () => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ") });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
        const text = rows.map((row) => row.map(quote).join(",")).join("\n");
        const { header, rows: rest } = parseCsv(text, "x.csv");
        expect([header, ...rest]).toEqual(rows);
      }),
    );
  });

  it("keeps an empty last field without a line end", () => {
    expect(parseCsv("a,b\n1,", "x.csv").rows).toEqual([["1", ""]]);
  });

  it.each([
    ["a,b\n1,2\n3\n", "row 3 has 1 fields and the header has 2"],
    ['a\n"open\n', "row 2 has a quote that is never closed"],
    ['a\n"x"y\n', "row 2 has text after a closing quote"],
  ])("names the row of %j", async (text, message) => {
    const error = await errorOf(() => parseCsv(text, "x.csv"));
    expect(error.code).toBe("data.bad-csv");
    expect(error.message).toContain(message);
  });

  it("names the columns there are", async () => {
    const error = await errorOf(() => columnOf(parseCsv("a,b\n1,2", "x.csv"), "label", "x.csv"));
    expect([error.code, error.hint]).toEqual(["data.no-column", "Its columns are a, b."]);
  });
});
