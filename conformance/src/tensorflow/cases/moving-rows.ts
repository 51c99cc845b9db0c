import type { BuiltinOperatorName, TfliteDraft } from "@millrace/formats/tflite";
import type { DType } from "@millrace/ir";
import { type OperatorCase, type Shape, tensor } from "../operator-case.ts";
import type { Operand } from "../single-operator.ts";

export type Options = TfliteDraft<"Operator">["builtinOptions"];

interface Row {
  readonly operator: BuiltinOperatorName;
  readonly label?: string;
  readonly from: Shape;
  readonly to: Shape | readonly Shape[];
  /** Operands behind the data. */
  readonly operands?: readonly Operand[];
  /** Operands before the data. */
  readonly before?: readonly Operand[];
  readonly options?: Options;
  readonly dtypes?: readonly DType[];
  readonly version?: number;
}

export const every: readonly DType[] = ["f32", "i8", "u8", "i16", "i32", "i64", "bool"];
export const most: readonly DType[] = ["f32", "i8", "u8", "i16", "i32", "i64"];
export const bytes: readonly DType[] = ["f32", "i8", "u8", "i32", "i64"];

const isShape = (to: Row["to"]): to is Shape => to.every((size) => typeof size === "number");

/** Operators whose results are elements of their data, in one quantization. */
export function moving({
  operator,
  label,
  from,
  to,
  operands = [],
  before = [],
  options,
  dtypes = most,
  version,
}: Row) {
  return dtypes.map(
    (dtype): OperatorCase => ({
      operator,
      name: [dtype, label, `[${from}]`].filter(Boolean).join(" "),
      make(random) {
        const x = tensor(random, dtype, from);
        const results = isShape(to) ? [to] : to;
        return {
          inputs: [...before, x, ...operands],
          outputs: results.map((shape) => ({ ...x, shape })),
          options,
          ...(version && { version }),
        };
      },
    }),
  );
}
