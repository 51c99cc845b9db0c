import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Schema } from "../flatbuffer/fields.ts";
import { readRoot } from "../flatbuffer/read.ts";
import { schemaText } from "../flatbuffer/schema-text.testing.ts";
import { Source } from "../flatbuffer/source.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { example } from "./example.testing.ts";
import { readPte, writePtd, writePte } from "./index.ts";
import { flatTensorTables } from "./schema/flat-tensor.ts";
import { programTables } from "./schema/program.ts";

const compiler = ["/usr/bin/flatc", "/usr/local/bin/flatc"].find(existsSync);
const network = new URL("../../../../../shared/assets/mlperf_tiny_models/executorch_kws/model.pte", import.meta.url);

interface Form {
  readonly tables: Schema;
  readonly root: string;
  readonly identifier: string;
}

const program: Form = { tables: programTables, root: "Program", identifier: "ET12" };
const data: Form = { tables: flatTensorTables, root: "FlatTensor", identifier: "FT01" };

describe.skipIf(compiler === undefined)("what flatc reads in our files, skipped without flatc", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-flatc-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The file as flatc prints it by our tables in its own language. */
  function compiled(bytes: Uint8Array, { tables, root, identifier }: Form): unknown {
    const [schema, file] = ["schema.fbs", "file.bin"].map((name) => join(folder, name));
    writeFileSync(schema!, schemaText(tables, root, identifier));
    writeFileSync(file!, bytes);
    const options = ["--json", "--strict-json", "--defaults-json", "-o", folder, schema!, "--", file!];
    execFileSync(compiler!, options, { stdio: ["ignore", "ignore", "pipe"] });
    return JSON.parse(readFileSync(join(folder, "file.json"), "utf8").replaceAll(/\binf\b/g, "1e999"));
  }

  it.each([
    ["every kind of value, delegates in segments", program, () => writePte(example)],
    ["every kind of value, delegates inline", program, () => writePte(example, { delegates: "inline" })],
    [
      "a data file",
      data,
      () =>
        writePtd({
          entries: [{ key: "a", layout: { scalarType: "CHAR", sizes: [2], dimOrder: [0] }, data: Uint8Array.of(1, 2) }],
        }),
    ],
  ])("is what we read: %s", (_name, form, write) => {
    const bytes = write();
    expect(compiled(bytes, form)).toEqual(asJson(form, bytes));
  });

  it.skipIf(!existsSync(network))("is what we read in ExecuTorch's file of a network, and what we write of it", () => {
    const bytes = readFileSync(network);
    const written = writePte(readPte(bytes));
    for (const file of [bytes, written]) expect(compiled(file, program)).toEqual(asJson(program, file));
    const { segments: _, ...content } = compiled(written, program) as Record<string, unknown>;
    expect(compiled(bytes, program)).toMatchObject(content);
  });
});

/** The file as we read it, in the form that flatc prints: unions in two fields, bytes and 64-bit integers as numbers. */
function asJson({ tables, root }: Form, bytes: Uint8Array): unknown {
  const source = new Source(bytes, new Trail("pte"));
  return plain(readRoot(tables, root, source, ({ message }) => expect.fail(message)));
}

/** How many flatc prints. */
const decimals = 12;

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return Number(value.toFixed(decimals));
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
      const { kind, ...member } = (item ?? {}) as { kind?: string };
      if (kind === undefined) return [[name, plain(item)]];
      return [
        [`${name}_type`, kind],
        [name, plain(member)],
      ];
    }),
  );
}
