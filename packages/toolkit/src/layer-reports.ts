import type { Graph } from "@millrace/ir";
import type { LayerAnalysis } from "@millrace/quantize";
import type { LayerReport } from "./report.ts";

/** The layers with what was measured of them. */
export function layerReports(
  layers: readonly LayerReport[],
  measured: readonly LayerAnalysis[],
): readonly LayerReport[] {
  const byName = new Map(measured.map((layer) => [layer.name, layer]));
  return layers.map((layer) => {
    const found = byName.get(layer.name);
    return found ? { ...layer, ...measuresOf(found) } : layer;
  });
}

/** The results of a graph that stand for reals by integers. */
export function integerLayers(graph: Graph): readonly LayerReport[] {
  return [...graph.nodes()].flatMap(({ outputs, origin }) =>
    outputs.flatMap(({ name, type: { quantization } }) =>
      quantization ? [{ name, origin, scale: quantization.scale[0], zeroPoint: quantization.zeroPoint[0] }] : [],
    ),
  );
}

function measuresOf({ sqnrDb, cosine, saturated, clipped, isolated, channels, headroom }: LayerAnalysis) {
  return {
    sqnrDb,
    cosine,
    saturated,
    clipped,
    ...(isolated && { isolatedSqnrDb: isolated.sqnrDb, isolatedCosine: isolated.cosine }),
    ...(channels && { constantChannels: channels.constant, widestChannel: channels.widest }),
    ...(headroom && { headroomBits: headroom.bits }),
  };
}

/** Names of layers, those that lose most by themselves first. */
export function bySensitivity(measured: readonly LayerAnalysis[]): readonly string[] {
  const loss = ({ isolated, sqnrDb }: LayerAnalysis) => isolated?.sqnrDb ?? sqnrDb;
  return [...measured].sort((a, b) => loss(a) - loss(b)).map(({ name }) => name);
}
