import type { Importer } from "../source-node.ts";

/** Compressed images are nothing that operators on tensors could read. */
export const imageDecoding: Readonly<Record<string, Importer>> = {
  ImageDecoder: (node) =>
    node.unsupported(
      "it decodes a compressed image file, for which no target has an operator",
      "Decode images before they are given to the model, and cut the model behind this node.",
    ),
};
