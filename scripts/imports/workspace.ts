import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A workspace, or the root itself with all files that belong to none. */
export interface Member {
  /** Path from the root; empty for the root. */
  readonly folder: string;
  readonly name: string;
  /** Entries by subpath (`.` or `./onnx`), as paths from the root. */
  readonly entries: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlySet<string>;
  readonly developmentDependencies: ReadonlySet<string>;
}

/** A checkout: its workspaces, and its source files as paths from the root with forward slashes. */
export interface Workspace {
  readonly root: Member;
  readonly members: readonly Member[];
  readonly files: readonly string[];
}

/** Folders whose sources are looked at. */
const sourceFolders = ["packages", "apps", "conformance", "benchmarks", "examples", "scripts"];
const sourceFile = /\.[cm]?[jt]s$/;
const generated = new Set(["node_modules", "dist", "out", "coverage"]);

/** Reads the package files of a checkout and lists its sources. */
export function readWorkspace(root: string): Workspace {
  const { workspaces } = readJson(root, "package.json") as { readonly workspaces: readonly string[] };
  const folders = workspaces.flatMap((pattern) => {
    if (!pattern.endsWith("/*")) return [pattern];
    const parent = pattern.slice(0, -2);
    return existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [];
  });
  return {
    root: readMember(root, ""),
    members: folders
      .filter((folder) => existsSync(join(root, folder, "package.json")))
      .map((folder) => readMember(root, folder)),
    files: sourceFolders.flatMap((folder) => listSources(root, folder)),
  };
}

/** The member that a file belongs to. */
export function memberOf({ root, members }: Workspace, file: string): Member {
  return members.find(({ folder }) => file.startsWith(`${folder}/`)) ?? root;
}

function readMember(root: string, folder: string): Member {
  const manifest = readJson(root, posix.join(folder, "package.json")) as {
    readonly name: string;
    readonly exports?: Readonly<Record<string, string>>;
    readonly dependencies?: object;
    readonly devDependencies?: object;
  };
  const exported = Object.entries(manifest.exports ?? {});
  return {
    folder,
    name: manifest.name,
    entries: new Map(exported.map(([subpath, file]) => [subpath, posix.join(folder, file)])),
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    developmentDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
  };
}

function readJson(root: string, path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function listSources(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return generated.has(entry.name) ? [] : listSources(root, path);
    return sourceFile.test(entry.name) ? [path] : [];
  });
}
