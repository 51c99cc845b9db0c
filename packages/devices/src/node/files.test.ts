import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderFiles } from "./files.ts";

let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-files-"));
  mkdirSync(join(root, "data/inner"), { recursive: true });
  writeFileSync(join(root, "secret"), "secret");
  writeFileSync(join(root, "data/a.bin"), "abc");
  writeFileSync(join(root, "data/..b"), "dots");
  writeFileSync(join(root, "data/inner/c.bin"), "");
  symlinkSync(join(root, "secret"), join(root, "data/outward"));
  symlinkSync(root, join(root, "data/up"));
  symlinkSync("inner/../a.bin", join(root, "data/inward"));
  symlinkSync("loop", join(root, "data/loop"));
  symlinkSync(join(root, "data"), join(root, "alias"));
  execFileSync("mkfifo", [join(root, "data/pipe")]);
});

afterAll(() => rmSync(root, { recursive: true }));

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("read"),
    (error: unknown) => error,
  );

describe("the files of a folder", () => {
  it("are read and listed by relative names", async () => {
    for (const folder of ["data", "alias"]) {
      const files = folderFiles(join(root, folder));
      expect(await files.list()).toEqual(["..b", "a.bin", "inner/c.bin"]);
      expect(Buffer.from(await files.read("a.bin")).toString()).toBe("abc");
      expect(Buffer.from(await files.read("..b")).toString()).toBe("dots");
      expect(Buffer.from(await files.read("./inward")).toString()).toBe("abc");
      expect(await files.read("inner/c.bin")).toHaveLength(0);
    }
  });

  it.each([
    "../secret",
    "inner/../../secret",
    "/etc/hostname",
    "..",
    "",
    "outward",
    "up/secret",
    "up",
    "inner\\c.bin",
    "a\0.bin",
    ".",
  ])("do not include %j", async (name) => {
    expect(await failure(folderFiles(join(root, "data")).read(name))).toMatchObject({
      code: "data.unsafe-name",
      hint: expect.any(String),
      where: expect.any(String),
    });
  });

  it.each([
    ["absent.bin", "data.missing-file"],
    ["a.bin/x", "data.missing-file"],
    ["inner", "data.unreadable-file"],
    ["pipe", "data.unreadable-file"],
    ["loop", "data.unreadable-file"],
  ])("say what is wrong with %s", async (name, code) => {
    expect(await failure(folderFiles(join(root, "data")).read(name))).toMatchObject({ code, where: name });
  });

  it("are one file where the path is a file", async () => {
    const files = folderFiles(join(root, "data/a.bin"));
    expect(await files.list()).toEqual(["a.bin"]);
    expect(await files.read("a.bin")).toHaveLength(3);
    expect(await failure(files.read("..b"))).toMatchObject({ code: "data.missing-file" });
  });

  it("say that the folder is missing", async () => {
    const files = folderFiles(join(root, "nowhere"));
    expect(await failure(files.list())).toMatchObject({ code: "data.missing-file" });
    expect(await failure(files.read("a.bin"))).toMatchObject({ code: "data.missing-file" });
  });
});
