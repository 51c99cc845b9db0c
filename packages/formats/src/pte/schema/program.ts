import {
  bool,
  bytes,
  f64,
  i8,
  i32,
  i64,
  index,
  list,
  table,
  text,
  u8,
  u32,
  u64,
  union,
  vector,
} from "../../flatbuffer/fields.ts";
import { delegateDataLocation, deviceType, scalarType, shapeDynamism, tensorDataLocation } from "./enumerations.ts";

/** The kinds of values, in the order of their numbers (from 1). */
export const valueKinds = [
  "Null",
  "Int",
  "Bool",
  "Double",
  "Tensor",
  "String",
  "IntList",
  "DoubleList",
  "BoolList",
  "TensorList",
  "OptionalTensorList",
] as const;

/** The kinds of instructions, in the order of their numbers (from 1). */
export const instructionKinds = ["KernelCall", "DelegateCall", "MoveCall", "JumpFalseCall", "FreeCall"] as const;

const value = index("i32", "values");

/** What a method's values may be. */
const valueTables = {
  EValue: { val: union(valueKinds) },
  Null: {},
  Int: { intVal: i64() },
  Bool: { boolVal: bool() },
  Double: { doubleVal: f64() },
  Tensor: {
    scalarType,
    storageOffset: i32(),
    sizes: list(i32()),
    dimOrder: list(u8()),
    requiresGrad: bool(),
    dataBufferIdx: u32(),
    allocationInfo: table("AllocationDetails"),
    layout: i8(),
    shapeDynamism,
    extraTensorInfo: table("ExtraTensorInfo"),
  },
  AllocationDetails: { memoryId: u32(), memoryOffsetLow: u32(), memoryOffsetHigh: u32() },
  ExtraTensorInfo: {
    mutableDataSegmentsIdx: u64(),
    fullyQualifiedName: text,
    location: tensorDataLocation,
    deviceType,
    deviceIndex: i8(),
  },
  String: { stringVal: text },
  IntList: { items: list(index("i64", "values")) },
  DoubleList: { items: list(f64()) },
  BoolList: { items: list(bool()) },
  TensorList: { items: list(value) },
  OptionalTensorList: { items: list(index("i32", "values", "optional")) },
} as const;

/** What a method does, one after the other. */
const instructionTables = {
  Instruction: { instrArgs: union(instructionKinds) },
  KernelCall: { opIndex: index("i32", "operators"), args: list(value) },
  DelegateCall: { delegateIndex: index("i32", "delegates"), args: list(value) },
  MoveCall: { moveFrom: value, moveTo: value },
  JumpFalseCall: { condValueIndex: value, destinationInstruction: index("i32", "destinations") },
  FreeCall: { valueIndex: value },
} as const;

/** The tables of the program's FlatBuffer, identifier ET12. */
export const programTables = {
  Program: {
    version: u32(),
    executionPlan: list(table("ExecutionPlan")),
    constantBuffer: list(table("Buffer")),
    backendDelegateData: list(table("BackendDelegateInlineData")),
    segments: list(table("DataSegment")),
    constantSegment: table("SubsegmentOffsets"),
    mutableDataSegments: vector(table("SubsegmentOffsets")),
    namedData: vector(table("NamedData")),
  },
  ExecutionPlan: {
    name: text,
    containerMetaType: table("ContainerMetadata"),
    values: list(table("EValue")),
    inputs: list(value),
    outputs: list(value),
    chains: list(table("Chain")),
    operators: list(table("Operator")),
    delegates: list(table("BackendDelegate")),
    nonConstBufferSizes: list(i64()),
    nonConstBufferDevice: vector(table("NonConstBufferDevice")),
  },
  ContainerMetadata: { encodedInpStr: text, encodedOutStr: text },
  ...valueTables,
  Chain: {
    inputs: list(value),
    outputs: list(value),
    instructions: list(table("Instruction")),
    stacktrace: vector(table("FrameList")),
  },
  ...instructionTables,
  FrameList: { items: list(table("Frame")) },
  Frame: { filename: text, lineno: i32(), name: text, context: text },
  Operator: { name: text, overload: text },
  BackendDelegate: {
    id: text,
    processed: table("BackendDelegateDataReference"),
    compileSpecs: list(table("CompileSpec")),
  },
  BackendDelegateDataReference: { location: delegateDataLocation, index: u32() },
  CompileSpec: { key: text, value: bytes() },
  NonConstBufferDevice: { bufferIdx: i32(), deviceType, deviceIndex: i8() },
  Buffer: { storage: bytes(16) },
  BackendDelegateInlineData: { data: bytes(16) },
  DataSegment: { offset: u64(), size: u64() },
  SubsegmentOffsets: { segmentIndex: u32(), offsets: list(u64()) },
  NamedData: { key: text, segmentIndex: index("u32", "segments") },
} as const;
