import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { findExecutable } from "./find-executable.ts";
import { runTool, type ToolJob } from "./run-tool.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace $(touch x); 'a b' "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tool(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!${process.execPath}\n${script}`);
  chmodSync(path, 0o755);
  return path;
}

function job(words: readonly string[] = [], wants = (_: string) => true): ToolJob {
  return { arguments: words, input: { name: "in.bin", bytes: Uint8Array.of(1, 2, 3) }, wants };
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

it("hands arguments on as they are, by way of no shell, and collects what is left in a folder of its own", async () => {
  const words = ["a b", "$(touch owned)", "; touch owned", "`id`", "*", '"', "ü"];
  const copy = `const fs = require("fs");
    fs.writeFileSync("out.bin", fs.readFileSync("in.bin").reverse());
    fs.mkdirSync("folder.bin");
    fs.symlinkSync("/etc/passwd", "link.bin");
    console.log(JSON.stringify(process.argv.slice(2)));
    console.error(process.cwd());
    process.exit(3);`;
  const result = await runTool(
    tool("cop y;", copy),
    job(words, (name) => name !== "in.bin"),
    { seconds: 20 },
  );
  const [said, where] = textOf(result.log).trim().split("\n");
  expect(JSON.parse(said)).toEqual(words);
  expect(existsSync(where)).toBe(false);
  expect([result.exitCode, result.timedOut]).toEqual([3, false]);
  expect([...result.files]).toEqual([["out.bin", Uint8Array.of(3, 2, 1)]]);
});

const hang = `const { spawn } = require("child_process");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
  require("fs").writeFileSync(process.argv[2], String(child.pid));
  console.log("thinking");
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 1000);`;

function isRunning(pid: number): boolean {
  const status = `/proc/${pid}/cmdline`;
  return existsSync(status) && readFileSync(status).length > 0;
}

it("kills a tool that does not end with its children, and keeps what it said", async () => {
  const pidFile = join(folder, "pid");
  const result = await runTool(tool("hang", hang), job([pidFile]), { seconds: 1 });
  expect(result).toMatchObject({ timedOut: true, endedBy: "SIGKILL" });
  expect(textOf(result.log)).toBe("thinking\n");
  await expect.poll(() => isRunning(Number(readFileSync(pidFile, "utf8")))).toBe(false);
});

it("kills a tool when the user interrupts", async () => {
  const pidFile = join(folder, "interrupted");
  const interruption = new AbortController();
  const running = runTool(tool("hang", hang), job([pidFile]), { seconds: 60, signal: interruption.signal });
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "", { timeout: 10_000 }).toBe(true);
  interruption.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  await expect.poll(() => isRunning(Number(readFileSync(pidFile, "utf8")))).toBe(false);
});

it("keeps the beginning and the end of a log without measure", async () => {
  const flood = `const line = "x".repeat(1023) + "\\n";
    process.stdout.write("first\\n" + line.repeat(8192) + "last\\n");`;
  const { log } = await runTool(tool("flood", flood), job(), { seconds: 30 });
  const text = textOf(log);
  expect(log.length).toBeLessThan(2 ** 20 + 100);
  expect(text).toMatch(/^first\n/);
  expect(text).toMatch(/last\n$/);
  const [, omitted] = /\n\[(\d+) bytes left out\]\n/.exec(text)!;
  expect(Number(omitted)).toBe(11 + 8192 * 1024 - 2 ** 20);
});

it("tells of a program that can't be started", async () => {
  const running = runTool(join(folder, "absent"), job(), { seconds: 1 });
  await expect(running).rejects.toMatchObject({ diagnostics: [{ code: "tool.not-started" }] });
});

it("finds executables in the folders of the PATH and by their paths, and says where it looked", async () => {
  const path = tool("compiler", "");
  writeFileSync(join(folder, "no-program"), "");
  const before = process.env["PATH"];
  try {
    process.env["PATH"] = `/nowhere:${folder}`;
    expect(await findExecutable("compiler", "")).toBe(path);
    expect(await findExecutable(path, "")).toBe(path);
    const missing = { code: "tool.not-found", message: expect.stringContaining(`/nowhere, ${folder}`), hint: "get it" };
    for (const name of ["absent", "no-program"])
      await expect(findExecutable(name, "get it")).rejects.toMatchObject({ diagnostics: [missing] });
    await expect(findExecutable(folder, "")).rejects.toMatchObject({ diagnostics: [{ code: "tool.not-found" }] });
  } finally {
    process.env["PATH"] = before;
  }
});
