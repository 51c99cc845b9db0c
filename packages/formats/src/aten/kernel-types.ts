import type { ScalarTypeName } from "../pte/types.ts";

const whole = ["BYTE", "CHAR", "SHORT", "INT", "LONG"] as const satisfies readonly ScalarTypeName[];
const floats = ["HALF", "BFLOAT16", "FLOAT", "DOUBLE"] as const satisfies readonly ScalarTypeName[];
const numbers = [...whole, ...floats] as const;
const any = [...numbers, "BOOL"] as const satisfies readonly ScalarTypeName[];
const moved = [...any, "UINT16", "UINT32", "UINT64"] as const satisfies readonly ScalarTypeName[];

/** The element types that a kernel takes and gives. */
export interface KernelTypes {
  /** Of the tensors that all have one type: every one that `others` does not name. */
  readonly shared: readonly ScalarTypeName[];
  /** Of tensors that have types of their own, by the names of the kernel's arguments, `out` among them. */
  readonly others?: Readonly<Record<string, readonly ScalarTypeName[]>>;
}

const truth = { out: ["BOOL"] } as const;
/** Bytes and truth values would be masks. */
const place = ["INT", "LONG"] as const;
const stored = ["BYTE", "CHAR", "UINT16", "SHORT", "INT"] as const;
const channel = { scales: ["DOUBLE"], zero_points: ["LONG"] } as const;
const reals = ["FLOAT", "DOUBLE"] as const;

/** Kernels that differ in nothing from each other here, by their names without overloads. */
const rows: readonly (readonly [kernels: string, types: KernelTypes])[] = [
  ["add sub mul div maximum minimum pow remainder clamp cumsum sum prod amax amin sign", { shared: any }],
  ["cat index_select repeat slice_copy select_copy split_with_sizes_copy flip constant_pad_nd full", { shared: any }],
  ["clone expand_copy _clone_dim_order", { shared: any }],
  ["view_copy permute_copy pixel_shuffle pixel_unshuffle", { shared: moved }],
  ["reflection_pad1d reflection_pad2d reflection_pad3d", { shared: moved }],
  ["replication_pad1d replication_pad2d replication_pad3d", { shared: moved }],
  ["abs neg floor ceil round relu", { shared: numbers }],
  ["convolution mm bmm addmm upsample_nearest2d upsample_bilinear2d", { shared: numbers }],
  ["max_pool2d_with_indices", { shared: numbers, others: { indices: ["LONG"] } }],
  ["topk", { shared: numbers, others: { indices: ["LONG"] } }],
  ["argmax argmin", { shared: numbers, others: { out: ["LONG"] } }],
  ["avg_pool2d", { shared: [...floats, "LONG"] }],
  ["exp log sqrt rsqrt sin cos tanh erf sigmoid atan2 mean", { shared: any, others: { out: floats } }],
  ["elu gelu leaky_relu _softmax _log_softmax", { shared: floats }],
  ["_native_batch_norm_legit_no_training native_layer_norm native_group_norm", { shared: floats }],
  ["eq ne lt le gt ge logical_and logical_or logical_not any", { shared: any, others: truth }],
  ["bitwise_xor", { shared: [...whole, "BOOL"] }],
  ["bitwise_right_shift", { shared: whole }],
  ["where", { shared: any, others: { condition: ["BOOL", "BYTE"] } }],
  ["index index_put", { shared: any, others: { indices: place } }],
  ["_to_dim_order_copy", { shared: any, others: { out: any } }],
  ["quantize_per_tensor", { shared: reals, others: { out: stored } }],
  ["quantize_per_channel", { shared: reals, others: { out: stored, ...channel } }],
  ["dequantize_per_tensor", { shared: stored, others: { out: [...reals, "HALF"] } }],
  ["dequantize_per_channel", { shared: stored, others: { out: [...reals, "HALF"], ...channel } }],
];

const table = new Map(rows.flatMap(([kernels, types]) => kernels.split(" ").map((kernel) => [kernel, types] as const)));

/**
 * What ExecuTorch's portable or quantized kernel for an operator such as `aten::add` can compute, as its switch over element types says; the
 * Edge dialect allows no more. Undefined for kernels that no program of ours calls.
 */
export function kernelTypesOf(name: string): KernelTypes | undefined {
  return table.get(name.slice(name.indexOf("::") + 2));
}
