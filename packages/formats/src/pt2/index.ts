export type { Pt2Model, Pt2Tensors } from "./model.ts";
export type * from "./program/exported-program.ts";
export { type PrintedNode, printedNodes, printProgram } from "./program/print-program.ts";
export type { SymbolicExpression } from "./program/symbolic-expression.ts";
export { looksLikePt2, type Pt2Archive, readPt2 } from "./read-pt2.ts";
export { type SavedEntry, type SavedValue, savedValues } from "./saved/saved-values.ts";
export { readTorchSave } from "./saved/torch-save.ts";
export { bytesOf, type ScalarType } from "./tensors/scalar-type.ts";
export {
  type DenseTensor,
  denseTensor,
  type Storage,
  type StoredNumbers,
  type StoredTensor,
} from "./tensors/stored-tensor.ts";
export { tensorOfInput } from "./tensors/tensor-of-input.ts";
