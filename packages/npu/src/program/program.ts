import type { Command } from "../commands/command.ts";

/** Where a value lies, in the memory that the array works in or the outer one. */
export interface Port {
  readonly address: number;
  readonly bytes: number;
}

/** A stream of commands with the constants that it reads. */
export interface Program {
  /** Name of the machine it was made for. */
  readonly machine: string;
  readonly mode: string;
  /** Bytes of memory that it needs. */
  readonly memoryBytes: number;
  /** Bytes of the outer memory that it needs. */
  readonly outerBytes: number;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly commands: readonly Command[];
  readonly constants: Uint8Array;
}
