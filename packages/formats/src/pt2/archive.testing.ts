import { type Zippable, zipSync } from "fflate";
import {
  boolean,
  call,
  global,
  integer,
  type Piece,
  persistent,
  pickleOf,
  text,
  tuple,
} from "../pickle/pickle.testing.ts";

type Plain = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();

/** The bytes of a JSON document; a bigint is written as an integer. */
export function json(value: unknown): Uint8Array {
  const withoutQuotes = /"BigInt\((-?\d+)\)"/g;
  const print = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `BigInt(${item})` : item));
  return encoder.encode(print.replace(withoutQuotes, "$1"));
}

/** What the schema says of a float tensor in row-major order. */
export function meta(sizes: readonly (number | Plain)[], more: Plain = {}): Plain {
  const size = (value: number | Plain) => (typeof value === "number" ? { as_int: value } : value);
  const count = (value: number | Plain) => (typeof value === "number" ? value : 1);
  const strides = sizes.map((_, axis) =>
    sizes.slice(axis + 1).reduce<number>((product, next) => product * count(next), 1),
  );
  return {
    dtype: 7,
    sizes: sizes.map(size),
    strides: strides.map(size),
    storage_offset: { as_int: 0 },
    requires_grad: false,
    device: { type: "cpu", index: null },
    layout: 7,
    ...more,
  };
}

/** `x @ weight.T` with a weight of 2 x 3, in the dialect of training; `graph` and `more` replace parts. */
export function linearProgram({
  graph = {},
  more = {},
}: {
  readonly graph?: Plain;
  readonly more?: Plain;
} = {}): Plain {
  return {
    graph_module: {
      graph: {
        inputs: [{ as_tensor: { name: "p_weight" } }, { as_tensor: { name: "x" } }],
        outputs: [{ as_tensor: { name: "linear" } }],
        nodes: [
          {
            target: "torch.ops.aten.linear.default",
            inputs: ["x", "p_weight"].map((name, index) => ({
              name: ["input", "weight"][index],
              arg: { as_tensor: { name } },
              kind: 1,
            })),
            outputs: [{ as_tensor: { name: "linear" } }],
            metadata: { stack_trace: "  File a.py", nn_module_stack: "L__self__,,Net;L__self___fc,fc,torch.nn.Linear" },
            name: "linear",
          },
        ],
        tensor_values: { p_weight: meta([2, 3]), x: meta([1, 3]), linear: meta([1, 2]) },
        sym_int_values: {},
        sym_bool_values: {},
        is_single_tensor_return: false,
        ...graph,
      },
      signature: {
        input_specs: [
          { parameter: { arg: { name: "p_weight" }, parameter_name: "fc.weight" } },
          { user_input: { arg: { as_tensor: { name: "x" } } } },
        ],
        output_specs: [{ user_output: { arg: { as_tensor: { name: "linear" } } } }],
      },
      module_call_graph: [{ fqn: "", signature: { inputs: [], outputs: [], in_spec: "[]", out_spec: "[]" } }],
    },
    opset_version: { aten: 10 },
    range_constraints: {},
    schema_version: { major: 8, minor: 2 },
    ...more,
  };
}

/** The configuration of raw payloads: each name with its file and what the schema says of the tensor. */
export function payloads(
  entries: Readonly<Record<string, readonly [file: string, tensor: unknown, isPickled?: boolean]>>,
): Uint8Array {
  const config = Object.entries(entries).map(([name, [file, tensor, isPickled = false]]) => [
    name,
    { path_name: file, is_param: true, use_pickle: isPickled, tensor_meta: tensor },
  ]);
  return json({ config: Object.fromEntries(config) });
}

export function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** A stored archive of these files. */
export function archiveOf(files: Zippable): Uint8Array {
  return zipSync(files, { level: 0 });
}

/** The archive of `linearProgram` in the layout since torch 2.7, with files to add or replace. */
export function linearArchive(files: Zippable = {}, program: Plain = linearProgram()): Uint8Array {
  return archiveOf({
    "net/models/model.json": json(program),
    "net/data/weights/model_weights_config.json": payloads({ "fc.weight": ["weight_0", meta([2, 3])] }),
    "net/data/weights/weight_0": floats(1, 2, 3, 4, 5, 6),
    ...files,
  });
}

/** The piece of a pickle that is a float tensor looking at the storage `key`. */
export function savedTensor(
  key: string,
  count: number,
  sizes: readonly number[],
  strides: readonly number[],
  offset = 0,
): Piece {
  const storage = tuple(text("storage"), global("torch", "FloatStorage"), text(key), text("cpu"), integer(count));
  return call(
    global("torch._utils", "_rebuild_tensor_v2"),
    persistent(storage),
    integer(offset),
    tuple(...sizes.map(integer)),
    tuple(...strides.map(integer)),
    boolean(true),
    call(global("collections", "OrderedDict")),
  );
}

/** What torch.save writes for a value and its storages. */
export function savedFile(
  value: Piece,
  storages: Readonly<Record<string, Uint8Array>>,
  more: Zippable = {},
): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes]);
  return archiveOf({ "archive/data.pkl": pickleOf(value), ...Object.fromEntries(data), ...more });
}
