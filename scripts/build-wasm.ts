import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const folder = fileURLToPath(new URL("../packages/runtime/", import.meta.url));
const generated = new URL("../packages/runtime/src/wasm/module.generated.ts", import.meta.url);

const options =
  "assembly/index.ts -O3 --noAssert --enable simd --runtime stub --importMemory --use abort= --outFile module";

/** Compiles the runtime's AssemblyScript. Throws an Error with the compiler's messages. */
export async function compileModule(): Promise<Uint8Array> {
  let module: Uint8Array | undefined;
  const { error, stderr } = await main([...options.split(" "), "--baseDir", folder], {
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") module = contents;
    },
  });
  if (error || module === undefined) throw new Error(`the assembly doesn't compile: ${stderr.toString()}`);
  return module;
}

/** The file that holds a compiled module as text. */
export function sourceOf(module: Uint8Array): string {
  const text = Buffer.from(module)
    .toString("base64")
    .replace(/.{1,112}/g, '  "$&",\n');
  return `/** The module compiled from packages/runtime/assembly by \`npm run build:wasm\`, in base64. */
export const wasmModule = [
${text}].join("");
`;
}

/** The generated file as it is. */
export function readGenerated(): string {
  return readFileSync(generated, "utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(generated, sourceOf(await compileModule()));
