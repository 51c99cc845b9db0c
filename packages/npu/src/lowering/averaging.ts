import { affineOf, meanRescaling } from "@millrace/runtime";
import { average } from "../commands/average.ts";
import { scalings } from "../commands/scaling.ts";
import type { Lowering } from "./lowering.ts";
import { reducedAxes, reducedData, refuseReduction } from "./reduced-axes.ts";
import { refuseValues } from "./shared-rules.ts";

/** Means over axes. */
export const averaging: Lowering = {
  refuse: (node, machine) => refuseValues(node, machine) ?? refuseReduction(node),
  write(node, writer) {
    const [x] = node.inputs;
    const { outer, taps, inner } = reducedAxes(node);
    const { multiplier, zeroPoint, low, high } = meanRescaling(node, writer.context, taps);
    writer.emit(average, {
      blocks: outer,
      taps,
      channels: inner,
      input: reducedData(node, writer),
      output: writer.placeOf(node.outputs[0]),
      inputZero: affineOf(x, node).zeroPoint,
      rounding: scalings[writer.context.rounding],
      multiplier: multiplier.value,
      shift: multiplier.shift,
      outputZero: zeroPoint,
      low,
      high,
    });
  },
};
