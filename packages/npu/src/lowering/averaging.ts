import { affineOf, meanRescaling } from "@millrace/runtime";
import { average } from "../commands/average.ts";
import { scalings } from "../commands/scaling.ts";
import { firstOf, type Lowering } from "./lowering.ts";
import { reducedAxes } from "./reduced-axes.ts";
import { refuseValues } from "./shared-rules.ts";

/** Means over axes that follow one another. */
export const averaging: Lowering = {
  refuse: (node, machine) =>
    refuseValues(node, machine) ??
    firstOf([reducedAxes(node) === undefined, "it averages along axes with others between"]),
  write(node, writer) {
    const [x] = node.inputs;
    const { outer, taps, inner } = reducedAxes(node)!;
    const { multiplier, zeroPoint, low, high } = meanRescaling(node, writer.context, taps);
    writer.emit(average, {
      blocks: outer,
      taps,
      channels: inner,
      input: writer.placeOf(x!),
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
