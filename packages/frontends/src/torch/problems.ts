import type { Diagnostic } from "@millrace/ir";
import { Problems as OnnxProblems } from "../onnx/problems.ts";

const hint = "Export the model again with torch.export, and check the shapes given for its inputs.";

/** Collects what is wrong with a program; what importers of ONNX's operators say is put in PyTorch's words. */
export class Problems extends OnnxProblems {
  override add(diagnostic: Diagnostic): void {
    if (diagnostic.code === "torch.unknown") return;
    const isOnnx = diagnostic.hint?.includes("onnx") ?? false;
    super.add({
      ...diagnostic,
      code: diagnostic.code.replace(/^onnx\./, "torch."),
      ...(isOnnx && { hint }),
    });
  }
}
