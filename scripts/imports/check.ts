import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { importsOf, type SourceImports } from "./statements.ts";
import { mayImport, type Row, readTable, unitOf } from "./table.ts";
import { memberOf, readWorkspace, type Workspace } from "./workspace.ts";

/** Folders that only ever run on a developer's machine; their packages may come from the root's devDependencies. */
const developmentFolders = ["conformance", "benchmarks", "examples", "scripts"];
const nodeOnly = new Set([...builtinModules, "onnxruntime-node"]);

/** An import of a file with what it leads to. */
interface Edge {
  readonly file: string;
  readonly specifier: string;
  /** The file in this checkout, as a path from the root; undefined for other packages. */
  readonly target?: string;
}

/**
 * Every import of a checkout that breaks the table in its ARCHITECTURE.md, reaches for Node outside its places or is not
 * declared, and every dependency that nothing imports, as lines for people. Throws an Error if the table can't be read.
 */
export function checkImports(root: string): readonly string[] {
  const rows = readTable(readFileSync(join(root, "ARCHITECTURE.md"), "utf8"));
  const workspace = readWorkspace(root);
  const sources = new Map(workspace.files.map((file) => [file, importsOf(readFileSync(join(root, file), "utf8"))]));
  const problems: string[] = [];
  for (const [file, { statements }] of sources) {
    for (const { specifier, line } of statements) {
      const found = problemOf({ file, specifier, target: resolve(workspace, file, specifier) }, rows, workspace);
      if (found) problems.push(`${file}:${line} imports ${specifier}, ${found}`);
    }
  }
  return [...problems, ...rowsWithoutFiles(rows, workspace), ...unusedDependencies(workspace, sources)];
}

function problemOf(edge: Edge, rows: readonly Row[], workspace: Workspace): string | undefined {
  return nodeProblem(edge) ?? edgeProblem(edge, rows, workspace) ?? declarationProblem(edge, workspace);
}

/** Words of a file name say whether it is a test or helps tests: `gather.test.ts`, `testing-graphs.ts`. */
function isTest(file: string): boolean {
  return posix
    .basename(file)
    .split(/[.-]/)
    .some((word) => word === "test" || word === "testing");
}

function isNodeOnly(specifier: string): boolean {
  return specifier.startsWith("node:") || nodeOnly.has(specifier) || nodeOnly.has(packageOf(specifier));
}

function nodeProblem({ file, specifier }: Edge): string | undefined {
  if (!isNodeOnly(specifier)) return undefined;
  const folders = file.split("/").slice(0, -1);
  const [top] = folders;
  if (top === "apps" || developmentFolders.includes(top) || folders.includes("node")) return undefined;
  if (isTest(file) || /\.config\.[cm]?[jt]s$/.test(file)) return undefined;
  return "allowed only in apps, folders called node, tests and development folders: this file also runs in browsers";
}

function edgeProblem(
  { file, specifier, target }: Edge,
  rows: readonly Row[],
  workspace: Workspace,
): string | undefined {
  if (target === undefined || isTest(file)) return undefined;
  const [from, to] = [file, target].map((path) => unitOf(rows, foldersOf(path)));
  const unruled = [file, target][[from, to].indexOf(undefined)];
  if (from === undefined || to === undefined) return `but no row of the table is about ${unruled}`;
  if (!mayImport(from, to)) return `allowed: ${from.row.allowed.join(", ") || "nothing"}`;
  if (isTest(target)) return "which is for tests only";
  const { folder, name } = memberOf(workspace, target);
  const leaves = specifier.startsWith(".") && folder !== memberOf(workspace, file).folder && folder !== "";
  return leaves ? `which leaves the package; import ${name} instead` : undefined;
}

function declarationProblem({ file, specifier, target }: Edge, workspace: Workspace): string | undefined {
  if (specifier.startsWith(".") || isBuiltin(specifier)) return undefined;
  const name = packageOf(specifier);
  const owner = memberOf(workspace, file);
  const member = workspace.members.find((candidate) => candidate.name === name);
  if (member && target === undefined) return `which ${member.folder}/package.json does not export`;
  if (owner.dependencies.has(name) || name === owner.name) return undefined;
  const free = isTest(file) || developmentFolders.includes(file.split("/")[0]);
  const development = [owner, workspace.root].some(({ developmentDependencies }) => developmentDependencies.has(name));
  if (free && (development || (member && (isTest(file) || owner === workspace.root)))) return undefined;
  return `which ${posix.join(owner.folder, "package.json")} does not list`;
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The file of this checkout that a specifier names, if it names one. */
function resolve({ members }: Workspace, file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(file), specifier);
  const name = packageOf(specifier);
  return members.find((member) => member.name === name)?.entries.get(`.${specifier.slice(name.length)}`);
}

/** Folders of a file as the table names them. */
function foldersOf(file: string): string[] {
  const folders = file.split("/").slice(0, -1);
  return (folders[0] === "packages" ? folders.slice(1) : folders).filter((name) => name !== "src");
}

function rowsWithoutFiles(rows: readonly Row[], { files }: Workspace): string[] {
  const used = new Set(files.map((file) => unitOf(rows, foldersOf(file))?.row));
  return rows
    .filter((row) => !used.has(row))
    .map(({ name }) => `ARCHITECTURE.md has a row ${name}, which has no files`);
}

function unusedDependencies({ members, files }: Workspace, sources: ReadonlyMap<string, SourceImports>): string[] {
  const namedIn = (chosen: readonly string[]) =>
    new Set(chosen.flatMap((file) => [...(sources.get(file)?.strings ?? [])].map(packageOf)));
  return members.flatMap(({ folder, dependencies, developmentDependencies }) => {
    const own = files.filter((file) => file.startsWith(`${folder}/`));
    const [all, shipped] = [namedIn(own), namedIn(own.filter((file) => !isTest(file)))];
    const unused = (names: ReadonlySet<string>, used: ReadonlySet<string>) =>
      [...names].filter((name) => !used.has(name.replace(/^@types\//, "")));
    const lists = (name: string) => `${folder}/package.json lists ${name}, which`;
    return [
      ...unused(dependencies, shipped).map((name) =>
        all.has(name)
          ? `${lists(name)} only tests import: a devDependency`
          : `${lists(name)} none of its files imports`,
      ),
      ...unused(developmentDependencies, all).map((name) => `${lists(name)} none of its files imports`),
    ];
  });
}
