import type { ExportedProgram } from "./exported-program.ts";
import type { StoredTensor } from "./stored-tensor.ts";

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
   * The positional and the keyword arguments of the call that the model was exported with: an array of an array and a map, nested as they were, or
   * undefined if the file has none. Reads them when called; throws what `readTorchSave` throws.
   */
  sampleInputs(): unknown;
}
