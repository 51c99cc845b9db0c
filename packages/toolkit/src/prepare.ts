import { allNodes, type Diagnostic, DiagnosticError, type Graph } from "@millrace/ir";
import {
  type BoundaryChange,
  bindDimensions,
  channelsLast,
  cleanUp,
  type Decision,
  foldConstants,
  fusePadding,
  inferShapes,
  layerOnRows,
  productToLayer,
  recognizeAttention,
  recognizeUnrolledLstm,
  removeDead,
  runPasses,
  spellAttention,
  spellNormalizations,
  unrollRecurrent,
} from "@millrace/passes";
import type { LoadedModel } from "./load.ts";

/** Layout of image-like inputs and outputs: the source's own, or channel-last. */
export type IoLayout = "source" | "nhwc" | "nchw";

/** A model's graph, made ready for channel-last targets. The model's own graph was changed to become this. */
export interface PreparedModel {
  readonly graph: Graph;
  readonly boundary: readonly BoundaryChange[];
  readonly decisions: readonly Decision[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface PrepareOptions {
  readonly ioLayout?: IoLayout;
  /** Symbols that stay open; all others become 1. None by default. */
  readonly open?: ReadonlySet<string>;
  /** Whether recurrent layers are written out step by step, as the quantizer wants them. */
  readonly unrolled?: boolean;
  /** Whether normalizations and attention are written out in operators that have integer forms, as the quantizer wants them. */
  readonly spelled?: boolean;
  /** Whether padding is merged into what reads it in TFLite files of integers too, which else stay as they are. */
  readonly fused?: boolean;
}

/** Runs all passes that do not change what a model computes. `nchw` and `source` keep a channel-first model's inputs and outputs. */
export function prepare(model: LoadedModel, options: PrepareOptions = {}): PreparedModel {
  const boundary: BoundaryChange[] = [];
  const layout = options.ioLayout ?? "nhwc";
  const finished = model.format === "tflite" && isQuantized(model.graph);
  const passes = finished
    ? [inferShapes, ...(options.fused ? [fusePadding, removeDead] : [])]
    : [
        ...(options.unrolled
          ? [unrollRecurrent]
          : [inferShapes, productToLayer, foldConstants, layerOnRows, recognizeUnrolledLstm]),
        ...cleanUp,
        ...channelsLast(layout === "nhwc" ? boundary : undefined),
        ...(options.spelled ? [spellNormalizations, spellAttention] : [recognizeAttention, foldConstants]),
      ];
  const pins = runPasses(model.graph, [bindDimensions(new Map(), options.open)]).diagnostics;
  const { decisions, diagnostics } = blamingPins(pins, () => runPasses(model.graph, passes));
  return { graph: model.graph, boundary, decisions, diagnostics: [...model.diagnostics, ...pins, ...diagnostics] };
}

/** What `action` throws about a graph comes with the sizes that were left to be 1, which are the likely reason. */
function blamingPins<T>(pins: readonly Diagnostic[], action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    throw new DiagnosticError([...error.diagnostics, ...pins]);
  }
}

/** Whether any value stands for reals by integers. */
export function isQuantized(graph: Graph): boolean {
  for (const { outputs } of allNodes(graph)) if (outputs.some(({ type }) => type.quantization)) return true;
  return graph.inputs.some(({ type }) => type.quantization);
}
