import type { PteProgramDraft, PteValueDraft } from "./types.ts";

const tensor = { kind: "Tensor", scalarType: "FLOAT", sizes: [1, 2], dimOrder: [0, 1] } as const;

const values: readonly PteValueDraft[] = [
  { ...tensor, allocationInfo: { memoryId: 1, memoryOffsetLow: 16 } },
  { ...tensor, dataBufferIdx: 1 },
  { ...tensor, dataBufferIdx: 1, allocationInfo: { memoryId: 1, memoryOffsetLow: 0, memoryOffsetHigh: 1 } },
  { ...tensor, shapeDynamism: "DYNAMIC_BOUND" },
  { ...tensor, extraTensorInfo: { fullyQualifiedName: "layer.weight", location: "EXTERNAL" } },
  { kind: "Int", intVal: -(2n ** 63n) },
  { kind: "Double", doubleVal: 0.1 },
  { kind: "Bool", boolVal: true },
  { kind: "String", stringVal: "none" },
  { kind: "Null" },
  { kind: "IntList", items: [5n, 5n] },
  { kind: "DoubleList", items: [0.5, Number.POSITIVE_INFINITY] },
  { kind: "BoolList", items: [true, false] },
  { kind: "TensorList", items: [0, 1] },
  { kind: "OptionalTensorList", items: [-1, 0] },
];

/** A small program for tests: every kind of value and of instruction, constants, first states, delegates and named data. */
export const example: PteProgramDraft = {
  methods: [
    {
      name: "forward",
      containerMetaType: { encodedInpStr: "$", encodedOutStr: "$" },
      values,
      inputs: [3],
      outputs: [0],
      chains: [
        {
          instructions: [
            { kind: "KernelCall", opIndex: 0, args: [3, 1, 5, 0, 0] },
            { kind: "JumpFalseCall", condValueIndex: 7, destinationInstruction: 5 },
            { kind: "DelegateCall", delegateIndex: 0, args: [0, 2] },
            { kind: "MoveCall", moveFrom: 2, moveTo: 0 },
            { kind: "FreeCall", valueIndex: 2 },
          ],
          stacktrace: [{ items: [{ filename: "model.py", lineno: 7, name: "forward", context: "x + y" }] }],
        },
      ],
      operators: [{ name: "aten::add", overload: "out" }],
      delegates: [
        {
          id: "ExampleBackend",
          processed: Uint8Array.of(7, 8, 9),
          compileSpecs: [{ key: "level", value: Uint8Array.of(2) }],
        },
      ],
      nonConstBufferSizes: [0n, 32n],
    },
    { name: "nothing", values: [], chains: [] },
  ],
  constants: [new Uint8Array(0), new Uint8Array(new Float32Array([1, 2]).buffer), Uint8Array.of(3)],
  mutableData: [[new Uint8Array(0), new Uint8Array(new Float32Array([3, 4]).buffer)]],
  namedData: [{ key: "table", data: Uint8Array.of(1, 2, 3, 4, 5) }],
};
