/** A row of the table of packages in ARCHITECTURE.md. */
export interface Row {
  /** A package, a folder of one (`devices/node`), or all folders of one (`targets/*`). */
  readonly name: string;
  /** Names of rows without a final `/*`. */
  readonly allowed: readonly string[];
}

/** What the table rules as one: a package, or a folder that has a row of its own or shares one. */
export interface Unit {
  readonly name: string;
  readonly row: Row;
}

const header = /^\|\s*package\s*\|\s*purpose\s*\|\s*may import\s*\|\s*$/m;

/**
 * Reads the table with the columns `package`, `purpose` and `may import`. Names are separated by commas; `–` allows nothing,
 * `all above` every row before. Throws an Error if there is no such table or it names a package without a row.
 */
export function readTable(markdown: string): readonly Row[] {
  const found = header.exec(markdown);
  if (found === null) throw new Error("there is no table | package | purpose | may import |");
  const lines = markdown.slice(found.index).split("\n").slice(2);
  const end = lines.findIndex((line) => !line.startsWith("|"));
  const rows: Row[] = [];
  for (const line of end < 0 ? lines : lines.slice(0, end)) {
    const [, names, , allowed] = line.split("|");
    const above = rows.map(({ name }) => familyOf(name));
    rows.push(
      ...listed(names ?? "").map((name) => ({
        name,
        allowed: listed(allowed ?? "").flatMap((entry) => (entry === "all above" ? above : [familyOf(entry)])),
      })),
    );
  }
  const known = new Set(rows.map(({ name }) => familyOf(name)));
  const unknown = rows.flatMap(({ allowed }) => allowed).find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`the table lets something import ${unknown}, which has no row`);
  return rows;
}

/** The unit of a file in `folders` (its path without `packages` and `src`), or undefined if no row rules it. */
export function unitOf(rows: readonly Row[], folders: readonly string[]): Unit | undefined {
  const [whole, part] = folders;
  const row = (name: string) => rows.find((candidate) => candidate.name === name);
  const inner = part === undefined ? undefined : (row(`${whole}/${part}`) ?? row(`${whole}/*`));
  if (inner) return { name: `${whole}/${part}`, row: inner };
  const own = row(whole);
  return own && { name: whole, row: own };
}

/** Whether the table lets one unit import another. */
export function mayImport(from: Unit, to: Unit): boolean {
  return from.name === to.name || from.row.allowed.includes(familyOf(to.row.name));
}

function listed(cell: string): string[] {
  return cell
    .split(",")
    .map((name) => name.replaceAll("`", "").trim())
    .filter((name) => name !== "" && name !== "–");
}

function familyOf(name: string): string {
  return name.replace(/\/\*$/, "");
}
