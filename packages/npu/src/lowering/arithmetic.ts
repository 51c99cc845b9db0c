import { elementCount, sameShape, type Value } from "@millrace/ir";
import type { PreparePair } from "@millrace/runtime";
import { combinationNames, combine } from "../commands/combine.ts";
import { firstOf, type Lowering } from "./lowering.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

/** Arithmetic on two values, of which one may be repeated along the axes ahead of its own. */
export function arithmetic(prepare: PreparePair): Lowering {
  return {
    refuse(node) {
      const [a, b] = node.inputs as [Value, Value];
      const shape = sizesOf(node.outputs[0]);
      return (
        refuseValues(node) ??
        firstOf(
          [[a, b].some(({ type }) => type.dtype !== "i8"), "one of its values is not int8"],
          [
            [a, b].some((value) => periodOf(value, shape) === undefined),
            "one of its values is repeated along inner axes",
          ],
        )
      );
    },
    write(node, writer) {
      const [a, b] = node.inputs as [Value, Value];
      const shape = sizesOf(node.outputs[0]);
      const parts = prepare(node, writer.context);
      writer.emit(combine, {
        left: writer.placeOf(a),
        right: writer.placeOf(b),
        output: writer.placeOf(node.outputs[0]),
        length: elementCount(shape),
        rows: elementCount(shape.slice(0, -2)),
        channels: shape.at(-1) ?? 1,
        leftPeriod: periodOf(a, shape)!,
        rightPeriod: periodOf(b, shape)!,
        leftTable: writer.constant(parts.left),
        rightTable: writer.constant(parts.right),
        combination: combinationNames.indexOf(parts.combine),
        rounding: writer.context.rounding === "single" ? 1 : 0,
        multiplier: parts.multiplier.value,
        shift: parts.multiplier.shift,
        outputZero: parts.zeroPoint,
        low: parts.low,
        high: parts.high,
      });
    },
  };
}

/** After how many elements a value begins again, if it is one that only misses axes ahead of its own. */
function periodOf(value: Value, shape: readonly number[]): number | undefined {
  const sizes = sizesOf(value);
  const own = sizes.slice(sizes.findIndex((size) => size !== 1));
  const count = elementCount(sizes);
  if (count === 1) return 1;
  return sameShape(own, shape.slice(shape.length - own.length)) ? count : undefined;
}
