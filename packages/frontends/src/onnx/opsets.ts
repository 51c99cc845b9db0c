import type { OnnxOperatorSet } from "@millrace/formats/onnx";
import { fail } from "@millrace/ir";

/** Oldest and newest version of the standard operators that are known. */
const oldest = 1;
const newest = 28;

/** Whether operators of `domain` are those of ONNX itself. */
export function isStandard(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

/** Versions by domain; that of the standard operators is found under "". */
export function versionsOf(imports: readonly OnnxOperatorSet[]): ReadonlyMap<string, number> {
  return new Map(imports.map(({ domain, version }) => [isStandard(domain) ? "" : domain, version]));
}

/** The versions a model states. One that has operators of other domains only may leave out that of the standard ones. */
export function modelVersionsOf(imports: readonly OnnxOperatorSet[]): ReadonlyMap<string, number> {
  const stated = versionsOf(imports);
  return stated.size > 0 && !stated.has("") ? new Map([...stated, ["", newest]]) : stated;
}

/** Version of the standard operators. Throws a diagnostic if it is not among those known. */
export function checkedOpset(versions: ReadonlyMap<string, number>): number {
  const version = versions.get("");
  if (version !== undefined && version >= oldest && version <= newest) return version;
  return fail("onnx.opset", version === undefined ? "the model states no opset" : `opset ${version} is not known`, {
    hint: `Export the model with an opset from ${oldest} to ${newest}, or convert it with onnx.version_converter.`,
  });
}
