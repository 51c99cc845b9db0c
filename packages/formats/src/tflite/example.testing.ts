import type { TfliteDraft } from "./types.ts";

/** A small model for tests: a quantized convolution with a weight and a signature. */
export const example = {
  description: "example",
  operatorCodes: [{ builtinCode: "CONV_2D", version: 3 }],
  buffers: [{}, { data: Uint8Array.of(1, 2, 3, 4) }, { data: Uint8Array.of(1, 2, 3, 4) }],
  subgraphs: [
    {
      name: "main",
      inputs: [0],
      outputs: [2],
      tensors: [
        {
          name: "x",
          shape: [1, 2, 2, 1],
          shapeSignature: [-1, 2, 2, 1],
          type: "INT8",
          quantization: { scale: [0.5], zeroPoint: [-128n] },
        },
        { name: "weight", shape: [1, 2, 2, 1], type: "INT8", buffer: 1 },
        { name: "y", shape: [1, 1, 1, 1], type: "INT8" },
      ],
      operators: [
        {
          inputs: [0, 1, -1],
          outputs: [2],
          builtinOptions: { kind: "Conv2DOptions", padding: "VALID", strideW: 1, strideH: 2 },
        },
      ],
    },
  ],
  signatureDefs: [
    { signatureKey: "serving_default", inputs: [{ name: "x" }], outputs: [{ name: "y", tensorIndex: 2 }] },
  ],
} as const satisfies TfliteDraft<"Model">;
