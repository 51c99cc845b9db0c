import type { ExportedProgram } from "./program/exported-program.ts";
import type { SavedEntry } from "./saved/saved-values.ts";
import type { StoredTensor } from "./tensors/stored-tensor.ts";

/** One exported program and its tensors, which all look at the archive's bytes. */
export interface Pt2Model extends Pt2Tensors {
  readonly name: string;
  readonly program: ExportedProgram;
}

/** What an archive has beside a program. */
export interface Pt2Tensors {
  /** Parameters and persistent buffers, by the names the signature has for them. */
  readonly stateDict: ReadonlyMap<string, StoredTensor>;
  /** Constants and other buffers, likewise. */
  readonly constants: ReadonlyMap<string, StoredTensor>;
  /** Objects of other classes among the constants, as torch has pickled them. */
  readonly customObjects: ReadonlyMap<string, Uint8Array>;
  /**
   * What the model was called with when it was exported, in the order of the user inputs and constant inputs of the signature, or
   * undefined if the file does not have it. Read when called; throws what `readTorchSave` and `savedValues` throw.
   */
  sampleInputs(): readonly SavedEntry[] | undefined;
}
