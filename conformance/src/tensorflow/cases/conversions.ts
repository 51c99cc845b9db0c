import type { DType } from "@millrace/ir";
import { type OperatorCase, plain, tensor, weights } from "../operator-case.ts";
import type { Random } from "../random.ts";
import type { Operand } from "../single-operator.ts";

const quantizing = (
  [
    ["f32", "i8"],
    ["f32", "u8"],
    ["f32", "i16"],
    ["i8", "i8"],
    ["i8", "u8"],
    ["u8", "i8"],
    ["u8", "u8"],
    ["i16", "i8"],
    ["i16", "i16"],
    ["i16", "i32"],
    ["i32", "i8"],
    ["i32", "i16"],
  ] as const
).map(
  ([from, to]): OperatorCase => ({
    operator: "QUANTIZE",
    name: `${from} to ${to}`,
    ...(to === "i32" && { unwritten: "quantized data are not widened to 32 bits" }),
    make(random) {
      const x =
        from === "i32"
          ? plain(from, [4, 50], { quantization: random.quantization("i32", 2 ** -12), range: [-50000, 50000] })
          : tensor(random, from, [4, 50]);
      const y =
        to === "i32"
          ? plain(to, [4, 50], { quantization: random.quantization("i32", 2 ** -16) })
          : tensor(random, to, [4, 50]);
      return { inputs: [x], outputs: [y] };
    },
  }),
);

const dequantizing = [
  ...(["i8", "u8", "i16"] as const).map(
    (dtype): OperatorCase => ({
      operator: "DEQUANTIZE",
      name: dtype,
      make: (random) => ({ inputs: [tensor(random, dtype, [4, 50])], outputs: [plain("f32", [4, 50])] }),
    }),
  ),
  {
    operator: "DEQUANTIZE" as const,
    name: "i8 per channel",
    make: (random: Random) => ({
      inputs: [{ ...weights(random, "i8", [4, 6], 0), constant: undefined } as unknown as Operand],
      outputs: [plain("f32", [4, 6])],
    }),
  },
];

const castTypes = ["f32", "i32", "i64", "bool", "u8", "i8", "i16"] as const satisfies readonly DType[];
const casting = castTypes.flatMap((from) =>
  castTypes.map(
    (to): OperatorCase => ({
      operator: "CAST",
      name: `${from} to ${to}`,
      make: () => ({
        inputs: [
          plain(from, [3, 20], {
            range: from === "bool" ? [0, 1] : from === "u8" || to === "u8" ? [0, 120] : [-120, 120],
          }),
        ],
        outputs: [plain(to, [3, 20])],
      }),
    }),
  ),
);

/** Changes of the element type. */
export const conversionCases: readonly OperatorCase[] = [...quantizing, ...dequantizing, ...casting];
