import type { Graph } from "@millrace/ir";
import type { LayerAnalysis } from "@millrace/quantize";
import type { LayerReport, LikeReport } from "./report.ts";

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

/** Which results have the parameters of their twins in a given model, and what those of the others follow from. */
export function likeReport(source: string, layers: readonly LayerReport[]): LikeReport {
  const others = layers.filter(({ basis }) => basis !== "given");
  return { source, given: layers.length - others.length, others: others.map(({ name, basis }) => ({ name, basis })) };
}

/** Names of layers, those that lose most by themselves first. */
export function bySensitivity(measured: readonly LayerAnalysis[]): readonly string[] {
  const loss = ({ isolated, sqnrDb }: LayerAnalysis) => isolated?.sqnrDb ?? sqnrDb;
  return [...measured].sort((a, b) => loss(a) - loss(b)).map(({ name }) => name);
}
