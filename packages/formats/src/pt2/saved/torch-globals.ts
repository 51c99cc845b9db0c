import { FormatError } from "../../error.ts";
import type { PickleGlobal } from "../../pickle/index.ts";
import { type ScalarType, scalarTypes } from "../tensors/scalar-type.ts";
import { type Storage, type StoredTensor, storedTensor } from "../tensors/stored-tensor.ts";

type ElementType = keyof typeof scalarTypes;

/** A storage as a pickle refers to it; one without an element type gets it from the tensor. */
export interface TypedStorage {
  readonly storage: Storage;
  readonly scalarType: ElementType | undefined;
}

/** The class of a storage. */
export interface StorageClass extends PickleGlobal {
  readonly scalarType: ElementType | undefined;
}

interface ElementTypeGlobal extends PickleGlobal {
  readonly elementType: ElementType;
}

const storages: Readonly<Record<string, ElementType | undefined>> = {
  "torch.ByteStorage": "uint8",
  "torch.CharStorage": "int8",
  "torch.ShortStorage": "int16",
  "torch.IntStorage": "int32",
  "torch.LongStorage": "int64",
  "torch.HalfStorage": "float16",
  "torch.FloatStorage": "float32",
  "torch.DoubleStorage": "float64",
  "torch.BoolStorage": "bool",
  "torch.BFloat16Storage": "bfloat16",
  "torch.ComplexFloatStorage": "complex64",
  "torch.ComplexDoubleStorage": "complex128",
  "torch.storage.UntypedStorage": undefined,
};

const elementTypes = Object.keys(scalarTypes) as readonly ElementType[];

const ordinaryTypes = [
  "torch.Tensor",
  "torch._tensor.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
];

const rebuilders = [
  { name: "torch._utils._rebuild_tensor", call: rebuildTensor },
  { name: "torch._utils._rebuild_tensor_v2", call: rebuildTensor },
  { name: "torch._utils._rebuild_tensor_v3", call: rebuildTyped },
  { name: "torch._utils._rebuild_parameter", call: withGradient },
  { name: "torch._utils._rebuild_parameter_with_state", call: withGradient },
] as const;

const globals: ReadonlyMap<string, PickleGlobal> = new Map<string, PickleGlobal>(
  [
    ...Object.entries(storages).map(([name, scalarType]): StorageClass => ({ name, scalarType })),
    ...elementTypes.map((elementType): ElementTypeGlobal => ({ name: `torch.${elementType}`, elementType })),
    ...ordinaryTypes.map((name): PickleGlobal => ({ name })),
    ...rebuilders,
    { name: "torch._tensor._rebuild_from_type_v2", call: rebuildFromType },
    { name: "torch.Size", call: ([sizes]: readonly unknown[]) => sizes },
    { name: "torch.device", call: () => null },
    { name: "collections.OrderedDict", call: dictionary },
  ].map((global) => [global.name, global]),
);

/** What torch.save names to store plain tensors; everything else is refused. */
export function torchGlobal(name: string): PickleGlobal | undefined {
  return globals.get(name);
}

export function isStorageClass(value: unknown): value is StorageClass {
  return (
    typeof value === "object" && value !== null && "scalarType" in value && "name" in value && value.name !== undefined
  );
}

export function isStoredTensor(value: unknown): value is StoredTensor {
  return typeof value === "object" && value !== null && "storage" in value && "sizes" in value;
}

function dictionary([pairs = []]: readonly unknown[]): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  if (!Array.isArray(pairs)) return malformed("an ordered dictionary of no pairs");
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) malformed("an ordered dictionary of no pairs");
    result.set(pair[0], pair[1]);
  }
  return result;
}

function rebuildTensor([source, ...view]: readonly unknown[]): StoredTensor {
  return rebuild(source, undefined, view);
}

/** The form for element types that have no storage class. */
function rebuildTyped([source, ...view]: readonly unknown[]): StoredTensor {
  const { elementType } = (view[5] ?? {}) as Partial<ElementTypeGlobal>;
  return rebuild(source, elementType, view);
}

/** Sizes and strides are copied, as a list can grow later in the pickle. */
function rebuild(
  source: unknown,
  elementType: ElementType | undefined,
  [offset, sizes, strides, requiresGrad]: readonly unknown[],
): StoredTensor {
  const { storage, scalarType } = (source ?? {}) as Partial<TypedStorage>;
  if (storage === undefined || !isCounts(sizes) || !isCounts(strides) || typeof offset !== "number")
    return malformed("a tensor without storage, sizes or strides");
  const type: ScalarType = elementType ?? scalarType ?? "unknown";
  const view = { sizes: [...sizes], strides: [...strides], storageOffset: offset };
  return storedTensor(storage.name, { ...view, scalarType: type, storage, requiresGrad: requiresGrad === true });
}

function withGradient([tensor, requiresGrad]: readonly unknown[]): StoredTensor {
  return isStoredTensor(tensor)
    ? { ...tensor, requiresGrad: requiresGrad === true }
    : malformed("a parameter of no tensor");
}

/** A tensor with attributes, which are left out. */
function rebuildFromType([build, type, parameters]: readonly unknown[]): unknown {
  const { name } = (type ?? {}) as Partial<PickleGlobal>;
  const isOrdinary = name !== undefined && ordinaryTypes.includes(name);
  const rebuilder = rebuilders.find((global) => global === build);
  if (rebuilder === undefined || !isOrdinary || !Array.isArray(parameters))
    return malformed("a tensor of no tensor class");
  return rebuilder.call(parameters);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function malformed(what: string): never {
  throw new FormatError("pickle.malformed", `The pickled data has ${what}.`, {
    hint: "Save the file again with torch.save or torch.export.save.",
  });
}
