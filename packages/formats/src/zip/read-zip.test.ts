import fc from "fast-check";
import { deflateSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { FormatError } from "../error.ts";
import { type TestingMember, zipOf } from "./archive.testing.ts";
import { readZip, type ZipOptions } from "./index.ts";

const text = new TextEncoder().encode("some text, some text, some text");
const stored: TestingMember = { name: "root/a", data: text };
const deflated: TestingMember = { name: "root/b", data: deflateSync(text), method: 8, size: text.length };

/** The code of the error that reading everything ends with, or "none". */
function codeOf(bytes: Uint8Array, options?: ZipOptions): string {
  try {
    for (const member of readZip(bytes, options).values()) member.bytes();
    return "none";
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}

describe("members of a zip archive", () => {
  test("are stored ones as views of the file, and deflated ones unpacked", () => {
    const bytes = zipOf([stored, deflated, { name: "folder/", data: new Uint8Array(0) }]);
    const members = readZip(bytes);
    expect([...members.keys()]).toEqual(["root/a", "root/b"]);
    expect(members.get("root/a")!.bytes().buffer).toBe(bytes.buffer);
    for (const member of members.values()) expect([member.size, member.bytes()]).toEqual([text.length, text]);
  });

  test.each<[string, TestingMember, boolean]>([
    ["padded local headers", { ...stored, padding: 57 }, false],
    ["sizes behind the data", { ...stored, flags: 0x0808, descriptor: true }, false],
    ["64-bit fields of members", { ...stored, wide: true }, false],
    ["a 64-bit directory", stored, true],
  ])("are found with %s", (_, member, wide) => {
    expect(
      readZip(zipOf([member, deflated], { wide }))
        .get("root/a")!
        .bytes(),
    ).toEqual(text);
  });

  test("are found before a comment that looks like an end", () => {
    const bytes = zipOf([stored]);
    const comment = [0x50, 0x4b, 5, 6, 0, 0];
    const commented = Uint8Array.from([...bytes, ...comment]);
    commented[bytes.length - 2] = comment.length;
    expect(readZip(commented).get("root/a")!.bytes()).toEqual(text);
  });

  test("are the ones another writer wrote", () => {
    const written = zipSync({ a: text, b: [text, { level: 0 }], "c/d": new Uint8Array(70_000) });
    expect([...readZip(written).values()].map(({ name, size }) => [name, size])).toEqual([
      ["a", text.length],
      ["b", text.length],
      ["c/d", 70_000],
    ]);
    expect(codeOf(written)).toBe("none");
  });
});

describe("a zip archive is refused", () => {
  const bomb = deflateSync(new Uint8Array(1_000_000));
  test.each<[string, TestingMember[], string]>([
    ["for a name that climbs", [{ ...stored, name: "a/../../b" }], "zip.name"],
    ["for an absolute name", [{ ...stored, name: "/etc/passwd" }], "zip.name"],
    ["for a drive's name", [{ ...stored, name: "C:\\a" }], "zip.name"],
    ["for a name with backslashes that climbs", [{ ...stored, name: "a\\..\\b" }], "zip.name"],
    ["for no name", [{ ...stored, name: "" }], "zip.name"],
    ["for a name with a zero", [{ ...stored, name: "a\0b" }], "zip.name"],
    ["for two members of one name", [stored, stored], "zip.duplicate"],
    ["for members on top of each other", [stored, { ...stored, name: "root/c", offset: 0 }], "zip.malformed"],
    ["for a member in the directory", [stored, { ...stored, name: "root/c", offset: 100 }], "zip.malformed"],
    ["for a member past the end", [{ ...stored, offset: 2 ** 40, wide: true }], "zip.malformed"],
    ["for an offset beyond any file", [{ ...stored, offset: 2 ** 63, wide: true }], "zip.malformed"],
    ["for a size past the end", [{ ...stored, size: 9999, packedSize: 9999 }], "zip.malformed"],
    ["for a stored member of another size", [{ ...stored, size: 5 }], "zip.malformed"],
    ["for a size that deflate can't reach", [{ ...deflated, size: 1_000_000 }], "zip.malformed"],
    ["for more than is declared", [{ ...deflated, data: bomb, size: 500_000 }], "zip.malformed"],
    ["for less than is declared", [{ ...deflated, size: text.length + 1 }], "zip.malformed"],
    ["for what is not deflated", [{ ...deflated, data: text }], "zip.malformed"],
    ["for another compression", [{ ...stored, method: 93 }], "zip.unsupported"],
    ["for a password", [{ ...stored, flags: 1 }], "zip.unsupported"],
  ])("%s", (_, members, code) => {
    expect(codeOf(zipOf(members))).toBe(code);
  });

  test("for declaring more than the limit, before anything is unpacked", () => {
    const members = [0, 1, 2].map((index) => ({ ...deflated, name: `${index}`, data: bomb, size: 1_000_000 }));
    expect(codeOf(zipOf(members), { maximumBytes: 2_500_000 })).toBe("zip.too-large");
    expect(codeOf(zipOf(members))).toBe("none");
  });

  test("for a directory that declares more entries than it has", () => {
    const bytes = zipOf([stored]);
    bytes[bytes.length - 12] = 200;
    expect(codeOf(bytes)).toBe("zip.malformed");
  });

  test("when it is cut anywhere, and with any byte changed it is read or refused", () => {
    const bytes = zipOf([{ ...stored, wide: true, padding: 5 }, deflated], { wide: true });
    for (let length = 0; length < bytes.length; length++) expect(codeOf(bytes.slice(0, length))).not.toBe("none");
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at]! ^= change;
        codeOf(changed);
      }),
      { numRuns: 2000 },
    );
  });
});
