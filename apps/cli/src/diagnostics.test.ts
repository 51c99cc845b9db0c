import { DiagnosticError } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { diagnosticText, failureOf } from "./diagnostics.ts";
import { RequestError } from "./request-error.ts";

describe("a failure", () => {
  it("is the request's or the model's where the error says so, else our own", async () => {
    const problems = ["a.b", "c.d"].map((code) => ({ code, severity: "error", message: code }) as const);
    expect(await failureOf(new DiagnosticError(problems))).toEqual({ diagnostics: problems, exitCode: 2 });
    expect(await failureOf(new RequestError("a.b", "no", { hint: "do" }))).toMatchObject({
      exitCode: 2,
      diagnostics: [{ code: "a.b", hint: "do" }],
    });
    const fault = await failureOf(new TypeError("x is undefined"));
    expect(fault).toMatchObject({ exitCode: 1, diagnostics: [{ code: "millrace.fault" }] });
    expect(fault.diagnostics[0].message).toBe("this is a fault of Millrace: x is undefined");
  });
});

describe("a diagnostic as text", () => {
  it("names the place once, and can't steer the terminal", () => {
    const at = { node: "conv1" };
    expect(diagnosticText({ code: "a.b", severity: "error", message: "conv1 (Foo): is unknown", at })).toBe(
      "error a.b  conv1 (Foo): is unknown",
    );
    expect(diagnosticText({ code: "a.b", severity: "warning", message: "is slow", at, hint: "fuse it" })).toBe(
      "warning a.b  conv1: is slow\n  hint: fuse it",
    );
    expect(diagnosticText({ code: "a.b", severity: "info", message: "\x1b[2J\nnamed\u202Eso" })).toBe(
      "note a.b  \uFFFD[2J named\uFFFDso",
    );
  });
});
