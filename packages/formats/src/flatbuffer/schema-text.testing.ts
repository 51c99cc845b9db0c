import type { Field, Schema } from "./fields.ts";

const scalarNames: Readonly<Record<string, string>> = {
  bool: "bool",
  i8: "byte",
  u8: "ubyte",
  i16: "short",
  u16: "ushort",
  i32: "int",
  u32: "uint",
  i64: "long",
  u64: "ulong",
  f32: "float",
  f64: "double",
};

/** Our tables in the schema language of FlatBuffers (.fbs), for tests that have Google's compiler look at our files. */
export function schemaText(schema: Schema, root: string, identifier: string): string {
  const declarations = new Map<string, string>();
  const tables = Object.entries(schema).map(([name, fields]) => {
    const lines = Object.entries(fields).map(([field, type]) => `  ${field}: ${typeText(type, declarations)};`);
    return `table ${name} {\n${lines.join("\n")}\n}`;
  });
  return [...declarations.values(), ...tables, `root_type ${root};`, `file_identifier "${identifier}";`].join("\n");
}

/** Also declares the enumeration or union that a field is of. */
function typeText(field: Field, declarations: Map<string, string>): string {
  if (field.kind === "scalar") return `${scalarNames[field.type]} = ${field.initial}`;
  if (field.kind === "enumeration") {
    const codes = [...field.codes].map(([name, code]) => `${name} = ${code}`).join(", ");
    const name = declare(declarations, "Enumeration", `: ${scalarNames[field.type]} { ${codes} }`, "enum");
    return `${name} = ${field.initial}`;
  }
  if (field.kind === "union") return declare(declarations, "Union", `{ ${field.members.join(", ")} }`, "union");
  if (field.kind === "string") return "string";
  if (field.kind === "bytes") return `[ubyte]${field.align > 1 ? ` (force_align: ${field.align})` : ""}`;
  if (field.kind === "table") return field.table;
  if (field.kind === "deprecated") return "int (deprecated)";
  return `[${typeText(field.element, declarations).replace(/ = .*/, "")}]`;
}

function declare(declarations: Map<string, string>, prefix: string, body: string, keyword: string): string {
  const known = declarations.get(body);
  if (known === undefined) declarations.set(body, `${keyword} ${prefix}${declarations.size} ${body}`);
  return declarations.get(body)!.split(" ")[1]!;
}
