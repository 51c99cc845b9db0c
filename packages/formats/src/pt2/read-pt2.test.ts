import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../onnx/test-support.ts";
import { call, dictionary, global, text, tuple } from "../pickle/pickle.testing.ts";
import {
  archiveOf,
  floats,
  json,
  linearArchive,
  linearProgram,
  meta,
  payloads,
  savedFile,
  savedTensor,
} from "./archive.testing.ts";
import { denseTensor, looksLikePt2, type Pt2Model, readPt2 } from "./index.ts";

const modelOf = (bytes: Uint8Array): Pt2Model => readPt2(bytes).models[0]!;
const weightOf = ({ stateDict }: Pt2Model): number[] =>
  Array.from(denseTensor("fc.weight", stateDict.get("fc.weight")!).data as Float32Array);
const stateDict = dictionary([text("fc.weight"), savedTensor("0", 6, [2, 3], [1, 2])]);
const saved = savedFile(stateDict, { 0: floats(1, 2, 3, 4, 5, 6) });
const folder = "net/data/weights/";

describe("an archive", () => {
  test("of torch since 2.8 has raw storages", () => {
    const model = modelOf(linearArchive());
    expect(weightOf(model)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(model.program.graph.nodes[0]).toMatchObject({
      target: "torch.ops.aten.linear.default",
      inputs: [{ name: "input", value: { kind: "tensor", name: "x" }, passing: "positional" }, { name: "weight" }],
      metadata: { stackTrace: "  File a.py", moduleStack: [{ path: "" }, { path: "fc", type: "torch.nn.Linear" }] },
    });
  });

  test("of torch 2.7 has a pickled state dict in the same place", () => {
    const files = { "m/models/model.json": json(linearProgram()), "m/data/weights/model.pt": saved };
    expect(weightOf(modelOf(archiveOf(files)))).toEqual([1, 3, 5, 2, 4, 6]);
  });

  test.each([".pt", ".json"])("of torch up to 2.6 has a pickled state dict with the ending %s", (ending) => {
    const files = {
      "serialized_exported_program.json": json(linearProgram()),
      [`serialized_state_dict${ending}`]: saved,
      "serialized_example_inputs.pt": savedFile(tuple(tuple(savedTensor("0", 3, [1, 3], [3, 1]))), {
        0: floats(1, 2, 3),
      }),
    };
    const model = modelOf(archiveOf(files));
    expect(weightOf(model)).toEqual([1, 3, 5, 2, 4, 6]);
    expect(model.sampleInputs()).toMatchObject([{ path: "0.0", value: { sizes: [1, 3] } }]);
  });

  test("may have several models, and no sample inputs", () => {
    const { models } = readPt2(
      linearArchive({
        "net/models/other.json": json(linearProgram()),
        "net/data/weights/other.pt": saved,
        "net/extra/models/none.json": json({}),
      }),
    );
    expect(models.map(({ name }) => name)).toEqual(["model", "other"]);
    expect(models.map(weightOf)).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1, 3, 5, 2, 4, 6],
    ]);
    expect(models[0]!.sampleInputs()).toBeUndefined();
  });

  test("keeps tied weights in one storage, and the strides of each", () => {
    const strided = meta([2, 2], { strides: [{ as_int: 1 }, { as_int: 2 }], storage_offset: { as_int: 2 } });
    const config = payloads({ "fc.weight": ["weight_0", meta([2, 3])], tied: ["weight_0", strided] });
    const bytes = linearArchive({ [`${folder}model_weights_config.json`]: config });
    const { stateDict } = modelOf(bytes);
    expect(stateDict.get("tied")!.storage).toBe(stateDict.get("fc.weight")!.storage);
    expect(denseTensor("tied", stateDict.get("tied")!).data).toEqual(Float32Array.of(3, 5, 4, 6));
    expect(stateDict.get("tied")!.storage.bytes.buffer).toBe(bytes.buffer);
  });

  test("has its constants, and objects of other classes as they are", () => {
    const config = payloads({ mask: ["tensor_0", meta([2])], packed: ["custom_obj_0", null] });
    const { constants, customObjects } = modelOf(
      linearArchive({
        "net/data/constants/model_constants_config.json": config,
        "net/data/constants/tensor_0": floats(1, 0),
        "net/data/constants/custom_obj_0": Uint8Array.of(7),
      }),
    );
    expect(denseTensor("mask", constants.get("mask")!).data).toEqual(Float32Array.of(1, 0));
    expect(customObjects.get("packed")).toEqual(Uint8Array.of(7));
  });

  test("may have a tensor pickled, as long as it is an ordinary one", () => {
    const config = payloads({ "fc.weight": ["weight_0", meta([2, 3]), true] });
    const files = (tensor: Uint8Array) => ({
      [`${folder}model_weights_config.json`]: config,
      [`${folder}weight_0`]: tensor,
    });
    const ordinary = savedFile(savedTensor("0", 6, [2, 3], [3, 1]), { 0: floats(6, 5, 4, 3, 2, 1) });
    expect(weightOf(modelOf(linearArchive(files(ordinary))))).toEqual([6, 5, 4, 3, 2, 1]);
    const subclass = savedFile(call(global("torchao.dtypes", "AffineQuantizedTensor")), {});
    expect(() => modelOf(linearArchive(files(subclass)))).toThrow(/torchao\.dtypes\.AffineQuantizedTensor/);
  });
});

describe("an archive is refused", () => {
  const weights = (tensor: unknown) => ({
    [`${folder}model_weights_config.json`]: payloads({ "fc.weight": ["weight_0", tensor] }),
  });
  test.each<[string, Uint8Array, string]>([
    ["of no bytes", new Uint8Array(0), "zip.not-zip"],
    ["without a weight", linearArchive({ [`${folder}model_weights_config.json`]: payloads({}) }), "pt2.missing-tensor"],
    ["without any weights", archiveOf({ "m/models/model.json": json(linearProgram()) }), "pt2.missing-tensor"],
    [
      "for a weight in a file that is missing",
      linearArchive({ [`${folder}model_weights_config.json`]: payloads({ "fc.weight": ["../x", meta([2, 3])] }) }),
      "pt2.missing-tensor",
    ],
    [
      "for a weight without contents",
      linearArchive({ [`${folder}weight_0`]: new Uint8Array(0) }),
      "pt2.missing-tensor",
    ],
    ["for a weight past its storage", linearArchive(weights(meta([2, 4]))), "pt2.tensor-size"],
    [
      "for strides past the storage",
      linearArchive(weights(meta([2, 3], { strides: [{ as_int: 4 }, { as_int: 1 }] }))),
      "pt2.tensor-size",
    ],
    [
      "for an offset past the storage",
      linearArchive(weights(meta([2, 3], { storage_offset: { as_int: 1 } }))),
      "pt2.tensor-size",
    ],
    [
      "for a negative stride",
      linearArchive(weights(meta([2, 3], { strides: [{ as_int: -1 }, { as_int: 1 }] }))),
      "pt2.tensor-size",
    ],
    ["for an endless size", linearArchive(weights(meta([{ as_int: 2n ** 62n }, 0]))), "pt2.tensor-size"],
    [
      "for a weight of symbolic size",
      linearArchive(weights(meta([{ as_expr: { expr_str: "s0" } }]))),
      "pt2.tensor-size",
    ],
    ["for a sparse weight", linearArchive(weights(meta([2, 3], { layout: 1 }))), "pt2.layout"],
    ["for an element type without elements", linearArchive(weights(meta([2, 3], { dtype: 0 }))), "pt2.scalar-type"],
    ["for an element type of a newer schema", linearArchive(weights(meta([2, 3], { dtype: 99 }))), "pt2.scalar-type"],
    [
      "of another schema",
      linearArchive({}, linearProgram({ more: { schema_version: { major: 9, minor: 0 } } })),
      "pt2.schema-version",
    ],
    [
      "of a schema before signatures",
      linearArchive({}, linearProgram({ more: { schema_version: 1 } })),
      "pt2.schema-version",
    ],
    ["for a program that is no JSON", linearArchive({ "net/models/model.json": floats(1) }), "pt2.malformed"],
    ["for a program of nothing", linearArchive({}, {}), "pt2.malformed"],
    [
      "for an argument of a newer schema",
      linearArchive({}, linearProgram({ graph: { outputs: [{ as_future: 1 }] } })),
      "pt2.unknown-argument",
    ],
    ["of AOTInductor", archiveOf({ "m/data/aotinductor/model/a.so": floats(1) }), "pt2.compiled"],
    ["without a program", archiveOf({ "a/b.txt": floats(1) }), "pt2.not-pt2"],
    ["with weights alone", saved, "pt2.weights-only"],
    [
      "of TorchScript",
      archiveOf({ "m/data.pkl": saved, "m/constants.pkl": saved, "m/code/a.py": saved }),
      "pt2.torchscript",
    ],
    [
      "with the highest byte first",
      linearWithSaved(savedFile(stateDict, {}, { "archive/byteorder": new TextEncoder().encode("big") })),
      "pt2.malformed",
    ],
    ["for a pickled tensor without its storage", linearWithSaved(savedFile(stateDict, {})), "pt2.malformed"],
    [
      "for a pickled tensor past its storage",
      linearWithSaved(savedFile(stateDict, { 0: floats(1, 2) })),
      "pt2.malformed",
    ],
    [
      "for a pickled command",
      linearWithSaved(savedFile(call(global("os", "system"), text("true")), {})),
      "pickle.forbidden-global",
    ],
  ])("%s", (_, bytes, code) => {
    expect(codeOf(() => readPt2(bytes))).toBe(code);
  });

  test("when it is cut anywhere, and with any byte changed it is read or refused", () => {
    const archives = [linearArchive(), linearWithSaved(saved)];
    for (const bytes of archives) {
      for (let length = 0; length < bytes.length; length++)
        expect(codeOf(() => readPt2(bytes.slice(0, length)))).not.toBe("none");
      fc.assert(
        fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const changed = bytes.slice();
          changed[at]! ^= change;
          codeOf(() => weightOf(modelOf(changed)));
        }),
        { numRuns: 500 },
      );
    }
  });
});

test("archives of torch are known by their members", () => {
  expect(looksLikePt2(linearArchive())).toBe(true);
  expect(looksLikePt2(linearWithSaved(saved))).toBe(true);
  expect(looksLikePt2(saved)).toBe(true);
  expect(looksLikePt2(archiveOf({ "x.npy": floats(1) }))).toBe(false);
  expect(looksLikePt2(linearArchive().slice(0, 200))).toBe(false);
  expect(looksLikePt2(new Uint8Array(0))).toBe(false);
});

function linearWithSaved(state: Uint8Array): Uint8Array {
  return archiveOf({ "serialized_exported_program.json": json(linearProgram()), "serialized_state_dict.pt": state });
}
