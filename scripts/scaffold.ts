import { existsSync, writeFileSync } from "node:fs";

/** One name in the two ways it is written. */
export interface ScaffoldNames {
  /** As in file names: `space-to-depth`. */
  readonly kebab: string;
  /** As in code: `spaceToDepth`. */
  readonly camel: string;
}

/** Reads a name written either way. Throws an Error that says what a name must look like. */
export function namesOf(argument: string | undefined): ScaffoldNames {
  if (argument === undefined || !/^[a-z][a-zA-Z0-9]*(?:-[a-z0-9]+)*$/.test(argument)) {
    throw new Error(`give a name such as space-to-depth or spaceToDepth${argument ? `, not ${argument}` : ""}`);
  }
  const camel = argument.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return { camel, kebab: camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) };
}

/** Writes new files. Throws an Error, before writing any, if one is there already. */
export function writeNew(files: Readonly<Record<string, string>>): void {
  const present = Object.keys(files).find((path) => existsSync(path));
  if (present !== undefined) throw new Error(`${present} exists already`);
  for (const [path, content] of Object.entries(files)) writeFileSync(path, content);
}

/** Runs a scaffolding script: prints what it returns, or why it can't, and then ends with exit code 2. */
export function runScaffold(scaffold: (names: ScaffoldNames) => string): void {
  try {
    console.log(scaffold(namesOf(process.argv[2])));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
