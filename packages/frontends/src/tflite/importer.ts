import { type Activation, activationRanges } from "@millrace/ops";
import { type Call, refuse } from "./call.ts";

/** How an operator of the file becomes nodes: how many operands it may have, and what is made of them. */
export interface Importer {
  readonly least: number;
  readonly most: number;
  /** Whether it has no results. */
  readonly silent?: boolean;
  run(call: Call): void;
}

/** An importer for an operator with `least` to `most` operands. */
export function takes(least: number, most: number, run: (call: Call) => void): Importer {
  return { least, most, run };
}

/** The same for an operator without results. */
export function takesOnly(operands: number, run: (call: Call) => void): Importer {
  return { least: operands, most: operands, silent: true, run };
}

const activations: Readonly<Record<string, Activation>> = {
  NONE: "none",
  RELU: "relu",
  RELU_N1_TO_1: "reluN1To1",
  RELU6: "relu6",
};

/** The activation fused into an operator; none where its options say nothing. */
export function activationOf(call: Call, stored = "NONE"): Activation {
  const activation = activations[stored];
  if (activation) return activation;
  refuse(
    call,
    "tflite.unsupported",
    `the fused activation ${stored} has no counterpart`,
    "Make it a layer of its own.",
  );
}

/** Attributes of a clamp that does what an activation does. */
export function clampOf(activation: Activation): { readonly minimum: number; readonly maximum: number } {
  const [minimum, maximum] = activationRanges[activation];
  return { minimum, maximum };
}
