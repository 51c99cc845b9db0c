import { type Diagnostic, fail, type Value } from "@millrace/ir";
import { type CompiledSegment, isCompiled, type Machine, segmentGraph } from "@millrace/npu";
import type { EdgeBackend } from "@millrace/targets/executorch";
import { exportTflite } from "@millrace/targets/tflite";
import type { TargetFormat } from "../convert.ts";
import type { Acceleration } from "./accelerate.ts";

/** A vendor's back end for ExecuTorch, whose delegates its own converter makes of int8 `.tflite` models. */
interface VendorBackend {
  readonly title: string;
  readonly id: string;
  /** Names of the machines that it is for. */
  readonly machines: readonly string[];
  /** What the converter is asked for, in its order. */
  compileSpecs(machine: string): NonNullable<EdgeBackend["compileSpecs"]>;
}

/** The vendors' back ends that are known, by the names that users give. */
const vendorBackends = {
  neutron: {
    title: "NXP's eIQ Neutron converter",
    id: "NeutronBackend",
    machines: ["imxrt700"],
    compileSpecs: (machine) => [
      { key: "output_format", value: "tflite" },
      { key: "compile_flags", value: "" },
      { key: "target", value: machine },
      { key: "intermediates_dir", value: "" },
      { key: "operators_not_to_delegate", value: "" },
      { key: "use_neutron_for_format_conversion", value: "True" },
      { key: "fetch_constants_to_sram", value: "False" },
      { key: "dump_kernel_selection_code", value: "False" },
      { key: "use_profiling", value: "False" },
    ],
  },
} satisfies Readonly<Record<string, VendorBackend>>;

export type VendorBackendName = keyof typeof vendorBackends;

/** Throws `backend.no-delegates` for a format without delegates, and `backend.other-machine` for a machine that a vendor's back end is not for. */
export function requireBackend(name: VendorBackendName, to: TargetFormat, machine: Machine | undefined): void {
  const { id, machines } = vendorBackends[name];
  if (to !== "pte")
    fail("backend.no-delegates", `delegates for ${id} are in .pte files, not in .${to} files`, {
      hint: "write a .pte file, or leave the back end out",
    });
  if (machine === undefined || !machines.includes(machine.name))
    fail("backend.other-machine", `${id} is not for ${machine?.title ?? "a processor alone"}`, {
      hint: `take ${machines.join(" or ")}, or leave the back end out`,
    });
}

/** A vendor's back end as delegates name it. */
export function edgeBackend(name: VendorBackendName, machine: Machine): EdgeBackend {
  const { id, compileSpecs } = vendorBackends[name];
  return { id, compileSpecs: compileSpecs(machine.name) };
}

/**
 * A segment as the `.tflite` model that vendors' converters take. Throws `backend.compiled` for one that was compiled before, `backend.types` for one that
 * takes or gives other than 8-bit integers, and what `exportTflite` throws.
 */
export function converterInput(segment: CompiledSegment, name: string): Uint8Array {
  const graph = segmentGraph(segment, name);
  if (isCompiled(graph))
    fail("backend.compiled", "the model has command streams, which no other back end executes", {
      hint: "compile the model that it was made from",
    });
  const isByte = ({ type: { dtype } }: Value) => dtype === "i8" || dtype === "u8";
  const other = [...segment.inputs, ...segment.outputs].find((value) => !isByte(value));
  if (other !== undefined)
    fail("backend.types", `a delegate's ${other.name} is ${other.type.dtype}, and the converter takes int8 models`, {
      at: { value: other.name },
      hint: "quantize with --scheme int8, or leave the back end out",
    });
  return exportTflite(graph).bytes;
}

/** Says that a vendor's delegates, if there are any, have to be converted before anything executes them. */
export function conversionNotices(name: VendorBackendName, { delegation }: Acceleration): readonly Diagnostic[] {
  if (delegation.programs === 0) return [];
  const { id, title } = vendorBackends[name];
  const notice: Diagnostic = {
    code: "backend.not-converted",
    severity: "warning",
    message: `delegates for ${id} (${delegation.programs}) are input for ${title}, int8 .tflite models and no microcode: no device runs them as they are; latency is predicted for Millrace's own command streams`,
    hint: "have the vendor's converter replace what each delegate holds, or leave the back end out",
  };
  return [notice];
}
