import { FormatError } from "../error.ts";
import type { PickleGlobal } from "../pickle/index.ts";
import type { ScalarType, scalarTypes } from "./scalar-type.ts";
import { type Storage, type StoredTensor, storedTensor } from "./stored-tensor.ts";

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

const elementTypes: readonly ElementType[] = [
  "uint8",
  "int8",
  "int16",
  "int32",
  "int64",
  "float16",
  "float32",
  "float64",
  "complex64",
  "complex128",
  "bool",
  "bfloat16",
  "uint16",
  "uint32",
  "uint64",
  "float8_e4m3fn",
  "float8_e5m2",
  "float8_e4m3fnuz",
  "float8_e5m2fnuz",
  "float8_e8m0fnu",
];

const ordinaryTypes = [
  "torch.Tensor",
  "torch._tensor.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
];

const globals: ReadonlyMap<string, PickleGlobal> = new Map<string, PickleGlobal>([
  ...Object.entries(storages).map(([name, scalarType]) => [name, { name, scalarType } as StorageClass] as const),
  ...elementTypes.map((elementType) => [`torch.${elementType}`, { name: elementType, elementType }] as const),
  ...ordinaryTypes.map((name) => [name, { name }] as const),
  ...[
    { name: "collections.OrderedDict", call: dictionary },
    { name: "torch.Size", call: (sizes: unknown) => sizes },
    { name: "torch.device", call: () => null },
    { name: "torch._utils._rebuild_tensor", call: rebuildTensor },
    { name: "torch._utils._rebuild_tensor_v2", call: rebuildTensor },
    { name: "torch._utils._rebuild_tensor_v3", call: rebuildTyped },
    { name: "torch._utils._rebuild_parameter", call: withGradient },
    { name: "torch._utils._rebuild_parameter_with_state", call: withGradient },
    { name: "torch._tensor._rebuild_from_type_v2", call: rebuildFromType },
  ].map((global) => [global.name, global] as const),
]);

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

function dictionary(pairs: unknown = []): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  if (!Array.isArray(pairs)) return malformed("an ordered dictionary of no pairs");
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) malformed("an ordered dictionary of no pairs");
    result.set(pair[0], pair[1]);
  }
  return result;
}

function rebuildTensor(
  source: unknown,
  offset: unknown,
  sizes: unknown,
  strides: unknown,
  requiresGrad: unknown,
): StoredTensor {
  return rebuild(source, undefined, [offset, sizes, strides, requiresGrad]);
}

/** The form for element types that have no storage class. */
function rebuildTyped(
  source: unknown,
  offset: unknown,
  sizes: unknown,
  strides: unknown,
  requiresGrad: unknown,
  _hooks: unknown,
  type: unknown,
): StoredTensor {
  const { elementType } = (type ?? {}) as Partial<ElementTypeGlobal>;
  return rebuild(source, elementType, [offset, sizes, strides, requiresGrad]);
}

function rebuild(
  source: unknown,
  elementType: ElementType | undefined,
  [offset, sizes, strides, requiresGrad]: readonly unknown[],
): StoredTensor {
  const { storage, scalarType } = (source ?? {}) as Partial<TypedStorage>;
  if (storage === undefined || !isCounts(sizes) || !isCounts(strides) || typeof offset !== "number")
    return malformed("a tensor without storage, sizes or strides");
  const type: ScalarType = elementType ?? scalarType ?? "unknown";
  const view = { sizes, strides, storageOffset: offset, storage, requiresGrad: requiresGrad === true };
  return storedTensor(storage.name, { ...view, scalarType: type });
}

function withGradient(tensor: unknown, requiresGrad: unknown): StoredTensor {
  return isStoredTensor(tensor)
    ? { ...tensor, requiresGrad: requiresGrad === true }
    : malformed("a parameter of no tensor");
}

/** A tensor with attributes; its class has been allowed, as it is one of the ordinary types. */
function rebuildFromType(build: unknown, type: unknown, parameters: unknown): unknown {
  const { call } = (build ?? {}) as Partial<PickleGlobal>;
  const { name } = (type ?? {}) as Partial<PickleGlobal>;
  if (call === undefined || name === undefined || !ordinaryTypes.includes(name) || !Array.isArray(parameters))
    return malformed("a tensor of no tensor class");
  return call(...parameters);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function malformed(what: string): never {
  throw new FormatError("pickle.malformed", `The pickled data has ${what}.`, {
    hint: "Save the file again with torch.save or torch.export.save.",
  });
}
