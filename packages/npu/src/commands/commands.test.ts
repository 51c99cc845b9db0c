import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandKinds } from "./index.ts";

const documentation = readFileSync(new URL("../../../../docs/command-stream.md", import.meta.url), "utf8");

test.each([...commandKinds.values()])(
  "$name is documented with its code and fields, its addresses among them",
  (kind) => {
    const fields = kind.fields.map((name) => `\`${name}\``).join(" ");
    expect(documentation).toContain(`| ${kind.code} | \`${kind.name}\` | ${fields} |`);
    for (const name of kind.addresses) expect(kind.fields).toContain(name);
  },
);
