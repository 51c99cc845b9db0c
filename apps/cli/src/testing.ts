import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Diagnostic } from "@millrace/toolkit";
import { afterAll, vi } from "vitest";
import { execute } from "./main.ts";

const binary = fileURLToPath(new URL("../bin/millrace.mjs", import.meta.url));
const examples = fileURLToPath(new URL("../../../examples/digits/", import.meta.url));

/** Path of a file of the digits example. */
export function digits(name: string): string {
  return join(examples, name);
}

export interface Outcome {
  readonly exitCode: number | string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a process of its own; a signal is sent to it after `interruptAfter` milliseconds. */
export function millrace(
  words: readonly string[],
  options: { readonly interruptAfter?: number } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [binary, ...words], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.signal ?? error.code ?? undefined), stdout, stderr });
    });
    if (options.interruptAfter !== undefined) setTimeout(() => child.kill("SIGINT"), options.interruptAfter).unref();
  });
}

/** Runs the command line within this process, which saves the time of starting it. */
export async function inProcess(words: readonly string[]): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((stream) =>
    vi.spyOn(process[stream], "write").mockImplementation((text) => {
      written[stream] += text;
      return true;
    }),
  );
  try {
    const exitCode = await execute(words, new AbortController().signal);
    return { exitCode, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The codes of the diagnostics in a --json document. */
export function codesOf({ stdout }: Outcome): readonly string[] {
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] };
  return diagnostics.map(({ code }) => code);
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

/** A fresh folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Names of everything in a folder, hidden files too. */
export function namesIn(folder: string): readonly string[] {
  return readdirSync(folder).sort();
}
