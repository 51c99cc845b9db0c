export type * from "./exported-program.ts";
export type { Pt2Model, Pt2Tensors } from "./model.ts";
export { looksLikePt2, type Pt2Archive, readPt2 } from "./read-pt2.ts";
export { type SavedEntry, type SavedValue, savedValues } from "./saved-values.ts";
export { bytesOf, type ScalarType } from "./scalar-type.ts";
export { type DenseTensor, denseTensor, type Storage, type StoredNumbers, type StoredTensor } from "./stored-tensor.ts";
export type { SymbolicExpression } from "./symbolic-expression.ts";
export { tensorOfInput } from "./tensor-of-input.ts";
export { readTorchSave } from "./torch-save.ts";
