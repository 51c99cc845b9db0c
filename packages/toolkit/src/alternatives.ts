/** Names as a sentence offers them: ".tflite, .onnx or .pte". */
export function alternatives(names: readonly string[]): string {
  const last = names.slice(-2).join(" or ");
  return [...names.slice(0, -2), last].join(", ");
}
