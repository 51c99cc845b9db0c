import type { Graph } from "@millrace/ir";
import type { SchemeName } from "@millrace/quantize";
import { type TargetFormat, type Written, write } from "./convert.ts";
import type { Acceleration } from "./npu/accelerate.ts";
import { edgeBackend, type VendorBackendName } from "./npu/vendor-backend.ts";
import { isQuantized } from "./prepare.ts";
import type { Output } from "./report.ts";

/** What compiled models are called, and in which format they are. */
export interface Naming {
  readonly stem: string;
  readonly scheme: SchemeName;
  readonly to: TargetFormat;
  readonly backend?: VendorBackendName;
}

/** Files, of which the first is the compiled model, and what that one is made of. */
export interface CompiledFiles extends Pick<Written, "operators" | "transposes" | "arena"> {
  readonly files: readonly Output[];
}

/**
 * The files of a model: with the programs of a machine, if it was accelerated, in integers, and in reals, if it was quantized here; last the timeline of the programs.
 * Throws what `write` throws.
 */
export function compiledFiles(
  float: Graph,
  quantized: Graph,
  naming: Naming,
  acceleration: Acceleration | undefined,
): CompiledFiles {
  const plain = plainFiles(float, quantized, naming);
  return acceleration ? withPrograms(plain, acceleration, naming) : plain;
}

function plainFiles(float: Graph, quantized: Graph, { stem, scheme, to }: Naming): CompiledFiles {
  const integers = write(quantized, to);
  const files: Output[] = [{ path: `${stem}_${scheme}.${to}`, kind: `${to}-${scheme}`, bytes: integers.bytes }];
  if (!isQuantized(float))
    files.push({ path: `${stem}_float.${to}`, kind: `${to}-float`, bytes: write(float, to).bytes });
  return { ...integers, files };
}

function withPrograms(
  { files }: CompiledFiles,
  { graph, compilation, trace }: Acceleration,
  { stem, to, backend }: Naming,
): CompiledFiles {
  const { machine } = compilation;
  const { name } = machine;
  const { bytes, ...written } = write(graph, to, backend && { backend: edgeBackend(backend, machine) });
  const timeline = new TextEncoder().encode(JSON.stringify(trace));
  return {
    files: [
      { path: `${stem}_${name}.${to}`, kind: `${to}-${name}`, bytes },
      ...files,
      { path: `${stem}_${name}_trace.json`, kind: "trace", bytes: timeline },
    ],
    ...written,
  };
}
