import { PickleMachine } from "./machine.ts";
import { opcodes } from "./opcodes.ts";

/** A class or function that a pickle may name. One that can be called is given its arguments as a list, and gives the object. */
export interface PickleGlobal {
  readonly name: string;
  readonly call?: (parameters: readonly unknown[]) => unknown;
}

export interface UnpickleOptions {
  /** What the qualified name of a class or function stands for; undefined refuses the pickle. */
  readonly global: (name: string) => PickleGlobal | undefined;
  /** The object for what the pickle has as the identity of something that is stored elsewhere. */
  readonly persistent?: (identity: unknown) => unknown;
  /** Where the pickle begins. Default 0. */
  readonly start?: number;
}

/**
 * Reads a Python pickle (protocols 2 to 5, as far as data needs them) without running anything: only functions of `global` are
 * called. Dictionaries become maps, lists and tuples arrays, bytes views. `end` is the offset behind the pickle. Throws
 * FormatError `pickle.malformed`, `pickle.opcode` and `pickle.forbidden-global`, which names the global.
 */
export function unpickle(
  bytes: Uint8Array,
  options: UnpickleOptions,
): { readonly value: unknown; readonly end: number } {
  const machine: PickleMachine = new PickleMachine(bytes, options);
  while (!machine.stopped) {
    const code = machine.byte();
    const operation = opcodes.get(code);
    if (operation === undefined)
      machine.fail("opcode", `has an operation 0x${code.toString(16)}, which data does not need`);
    operation(machine);
  }
  return { value: machine.pop(), end: machine.position };
}
