import type { Draft, DraftMember, Member, Table } from "../flatbuffer/objects.ts";
import type { scalarTypes } from "./schema/enumerations.ts";
import type { flatTensorTables } from "./schema/flat-tensor.ts";
import type { instructionKinds, programTables, valueKinds } from "./schema/program.ts";

/** The schema's tables as types; `ProgramTables` itself is only their list. */
export type ProgramTables = typeof programTables;
type FlatTensorTables = typeof flatTensorTables;

/** The names of the known element types; a tensor of a newer file may also have `#code`. */
export type ScalarTypeName = keyof typeof scalarTypes;

/** A value of a method: `kind` names the table, the other properties are its fields. */
export type PteValue = Member<ProgramTables, (typeof valueKinds)[number]>;
export type PteTensor = Table<ProgramTables, "Tensor">;

/** One step of a method: `kind` names the table, the other properties are its fields. */
export type PteInstruction = Member<ProgramTables, (typeof instructionKinds)[number]>;

export type PteOperator = Table<ProgramTables, "Operator">;
export type PteCompileSpec = Table<ProgramTables, "CompileSpec">;

/** What a backend takes over: `processed` is in a form of its own. */
export interface PteDelegate {
  readonly id?: string;
  readonly processed: Uint8Array;
  readonly compileSpecs: readonly PteCompileSpec[];
}

export type PteChain = Omit<Table<ProgramTables, "Chain">, "instructions"> & {
  readonly instructions: readonly PteInstruction[];
};

/** One method of a program: instructions in chains, over values that they name by index. */
export type PteMethod = Omit<Table<ProgramTables, "ExecutionPlan">, "values" | "chains" | "delegates"> & {
  readonly values: readonly PteValue[];
  readonly chains: readonly PteChain[];
  readonly delegates: readonly PteDelegate[];
};

export interface PteNamedData {
  readonly key: string;
  readonly data: Uint8Array;
}

/** An ExecuTorch program. Byte vectors are views of the file that it was read from. */
export interface PteProgram {
  readonly version: number;
  readonly methods: readonly PteMethod[];
  /**
   * The data of tensors without `allocationInfo`, by their `dataBufferIdx`: as many bytes as their largest tensor has. The first is
   * empty and stands for "no data".
   */
  readonly constants: readonly Uint8Array[];
  /** First states of tensors with `allocationInfo`, by their `mutableDataSegmentsIdx` and then as constants are. */
  readonly mutableData: readonly (readonly Uint8Array[])[];
  /** What delegates look up by name. */
  readonly namedData: readonly PteNamedData[];
}

export type PteValueDraft = DraftMember<ProgramTables, (typeof valueKinds)[number]>;
export type PteInstructionDraft = DraftMember<ProgramTables, (typeof instructionKinds)[number]>;

export type PteDelegateDraft = Omit<PteDelegate, "compileSpecs"> & {
  readonly compileSpecs?: readonly PteCompileSpec[];
};

export type PteChainDraft = Omit<Draft<ProgramTables, "Chain">, "instructions"> & {
  readonly instructions: readonly PteInstructionDraft[];
};

export type PteMethodDraft = Omit<Draft<ProgramTables, "ExecutionPlan">, "values" | "chains" | "delegates"> & {
  readonly values: readonly PteValueDraft[];
  readonly chains: readonly PteChainDraft[];
  readonly delegates?: readonly PteDelegateDraft[];
};

/** A program to be written: a field left out takes the schema's default. Every `PteProgram` is one. */
export type PteProgramDraft = Partial<Omit<PteProgram, "methods">> & { readonly methods: readonly PteMethodDraft[] };

/** One tensor of a data file, or bytes without a layout. */
export interface PtdEntry {
  readonly key: string;
  readonly layout?: Table<FlatTensorTables, "TensorLayout">;
  readonly data: Uint8Array;
}

/** A file of data that programs look up by name. Byte vectors are views of the file that it was read from. */
export interface PtdFile {
  readonly version: number;
  readonly entries: readonly PtdEntry[];
}
