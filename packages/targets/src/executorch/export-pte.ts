import { writePtd, writePte } from "@millrace/formats/pte";
import type { Graph, SizeBounds } from "@millrace/ir";
import type { MemoryPlan } from "@millrace/runtime";
import { boundMethods } from "./bound-methods.ts";
import { boundaryMethods } from "./boundary-methods.ts";
import { buildProgram } from "./build-program.ts";
import type { EdgeBackend, EdgeProgram } from "./edge-program.ts";
import { lowerEdge } from "./lower-edge.ts";
import { planTensors } from "./plan-tensors.ts";

export interface PteExportOptions {
  /** Whether parameters go to a `.ptd` file of their own. */
  readonly externalWeights?: boolean;
  /** Whose programs the graph has; Millrace's own by default. */
  readonly backend?: EdgeBackend;
  /** Of open sizes, which stay open; memory is planned for the largest. None by default. */
  readonly bounds?: SizeBounds;
  /** For planning memory; 1000 by default. */
  readonly milliseconds?: number;
}

export interface PteExport {
  readonly bytes: Uint8Array;
  /** The `.ptd` file, if parameters are to be in one. */
  readonly weights?: Uint8Array;
  readonly edge: EdgeProgram;
  /** Where inputs and all computed tensors lie in the one arena. */
  readonly plan: MemoryPlan;
  /** Called kernels such as `aten::convolution.out`, and back ends, one for each call. */
  readonly operatorNames: readonly string[];
}

/**
 * Writes a graph whose open sizes have `bounds` as an ExecuTorch program with the method `forward`, and those of `boundaryMethods`; it calls kernels of the portable and quantized
 * libraries only, and back ends where the graph has programs for them. Throws what `lowerEdge` throws.
 */
export function exportPte(
  graph: Graph,
  { externalWeights = false, backend, bounds, milliseconds = 1000 }: PteExportOptions = {},
): PteExport {
  const edge = lowerEdge(graph, backend, bounds);
  const tensors = planTensors(edge, milliseconds);
  const { method, constants, initial, external, operatorNames } = buildProgram(edge, tensors, externalWeights);
  const methods = [method, ...boundaryMethods(graph), ...boundMethods(edge)];
  const mutableData = initial.length > 1 ? [initial] : [];
  return {
    bytes: writePte({ methods, constants, mutableData }),
    ...(externalWeights && { weights: writePtd({ entries: external }) }),
    edge,
    plan: tensors.plan,
    operatorNames,
  };
}
