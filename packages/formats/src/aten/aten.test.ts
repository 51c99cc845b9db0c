import { describe, expect, it } from "vitest";
import {
  isPortableKernel,
  isPrimitiveKernel,
  isQuantizedKernel,
  operatorNames,
  outputsOf,
  outVariantOf,
  parseSchema,
  schemaOf,
} from "./index.ts";
import { portableKernels } from "./schemas/portable-kernels.ts";
import { coreOperators } from "./testing-core-operators.ts";

describe("the schema language", () => {
  it("tells types, defaults, keywords and what is written", () => {
    expect(
      parseSchema("f.out(Tensor(a -> *) self, int[2]? size=1, *, Scalar alpha=0.5, Tensor(b!)[] out) -> ()"),
    ).toEqual({
      name: "aten::f",
      overload: "out",
      arguments: [
        {
          name: "self",
          type: { base: "Tensor", optional: false },
          alias: { set: "a", written: false },
          keywordOnly: false,
        },
        {
          name: "size",
          type: { base: "int", optional: true, list: { size: 2, optionalElements: false } },
          initial: [1, 1],
          keywordOnly: false,
        },
        { name: "alpha", type: { base: "Scalar", optional: false }, initial: 0.5, keywordOnly: true },
        {
          name: "out",
          type: { base: "Tensor", optional: false, list: { optionalElements: false } },
          alias: { set: "b", written: true },
          keywordOnly: true,
        },
      ],
      returns: [],
    });
  });

  it.each([
    ["int dim=-1", -1],
    ["float eps=1e-05", 1e-5],
    ["bool keepdim=False", false],
    ["ScalarType? dtype=None", null],
    ["ScalarType dtype=long", "long"],
    ["MemoryFormat memory_format=contiguous_format", "contiguous_format"],
    ["str approximate='none'", "none"],
    ['str padding="same"', "same"],
    ["int reduction=Mean", 1],
    ["int[1] dim=[]", []],
    ["int[] dim=[-2,-1]", [-2, -1]],
    ["SymInt[2] stride=1", [1, 1]],
    ["bool[3] mask=True", [true, true, true]],
  ])("reads the default of %s", (argument, initial) => {
    expect(parseSchema(`f(${argument}) -> Tensor`).arguments).toMatchObject([{ initial }]);
  });

  it("names what several returns are", () => {
    const { returns } = parseSchema("f(Tensor?[] indices) -> (Tensor values, Tensor(a!)[], int)");
    expect(returns.map(({ name, type }) => [name, type.base, type.list !== undefined])).toEqual([
      ["values", "Tensor", false],
      [undefined, "Tensor", true],
      [undefined, "int", false],
    ]);
  });

  it.each(["", "f", "f(Tensor) -> Tensor", "f(Tensor self)", "f(Ten-sor self) -> Tensor"])("refuses %j", (text) => {
    expect(() => parseSchema(text)).toThrow(expect.objectContaining({ code: "aten.bad-schema" }));
  });
});

describe("the table of operators", () => {
  it("parses, and says the names it is asked by", () => {
    for (const key of operatorNames) {
      const { name, overload, arguments: taken } = schemaOf(key)!;
      expect(overload === "" ? name : `${name}.${overload}`).toBe(key);
      expect(new Set(taken.map((argument) => argument.name)).size, key).toBe(taken.length);
    }
  });

  it("holds every core operator", () => {
    expect(coreOperators.length).toBe(193);
    expect(coreOperators.filter((name) => schemaOf(`aten.${name}`) === undefined)).toEqual([]);
  });

  it.each([
    "conv2d.default conv2d.padding conv_transpose2d.input linear.default batch_norm.default lstm.input gru.input rnn_tanh.input",
    "scaled_dot_product_attention.default layer_norm.default group_norm.default instance_norm.default rms_norm.default dropout.default",
    "max_pool2d.default adaptive_avg_pool1d.default adaptive_max_pool2d.default upsample_bicubic2d.vec pad.default pixel_shuffle.default",
    "reshape.default flatten.using_ints split.Tensor chunk.default unbind.int stack.default narrow.default swapaxes.default movedim.int",
    "softmax.int log_softmax.int silu.default mish.default hardswish.default relu6.default prelu.default celu.default softplus.default",
    "einsum.default matmul.default to.dtype contiguous.default expand_as.default tril.default masked_fill.Scalar meshgrid.indexing",
    "add_.Tensor mul_.Tensor copy_.default relu_.default _assert_tensor_metadata.default detach_.default lift_fresh_copy.default",
  ])("holds the training dialect's %s", (names) => {
    expect(names.split(" ").filter((name) => schemaOf(`torch.ops.aten.${name}`) === undefined)).toEqual([]);
  });

  it("is asked by Python's names and by those of the schemas", () => {
    const conv = schemaOf("aten.conv2d.default");
    expect(conv?.arguments.map(({ name }) => name).join()).toBe("input,weight,bias,stride,padding,dilation,groups");
    for (const same of ["torch.ops.aten.conv2d.default", "aten::conv2d", "aten.conv2d"])
      expect(schemaOf(same)).toBe(conv);
    expect(schemaOf("aten::conv2d", "")).toBe(conv);
    expect(schemaOf("aten::add", "out")).toBe(schemaOf("aten::add.out"));
    expect(schemaOf("quantized_decomposed.quantize_per_tensor.default")?.arguments.length).toBe(6);
    expect(schemaOf("executorch_prim::et_view", "default")?.arguments.length).toBe(2);
    for (const unknown of ["", "aten", "aten.conv2d.nothing", "mine.conv2d.default", "constructor"]) {
      expect(schemaOf(unknown)).toBeUndefined();
    }
  });
});

describe("ExecuTorch's kernels", () => {
  it("are those of its lists", () => {
    expect(portableKernels.trim().split("\n").length).toBe(203);
    expect(isPortableKernel("aten::add", "out")).toBe(true);
    expect(isPortableKernel("aten::copy_", "")).toBe(true);
    expect(isPortableKernel("dim_order_ops::_to_dim_order_copy", "out")).toBe(true);
    expect(isPortableKernel("aten::add", "Tensor")).toBe(false);
    expect(isPortableKernel("aten::linear", "out")).toBe(false);
    expect(isQuantizedKernel("quantized_decomposed::dequantize_per_tensor", "out")).toBe(true);
    expect(isQuantizedKernel("aten::add", "out")).toBe(false);
    expect(isPrimitiveKernel("aten::sym_size", "int")).toBe(true);
    expect(isPrimitiveKernel("executorch_prim::mul", "Scalar")).toBe(true);
  });

  it("take what a functional operator takes, and then its results", () => {
    const reached = new Set<string>();
    for (const name of operatorNames) {
      const schema = schemaOf(name)!;
      const kernel = outVariantOf(schema);
      if (kernel === undefined || outputsOf(schema).length > 0) continue;
      reached.add(`${kernel.name}.${kernel.overload}`);
      const written = outputsOf(kernel).map(({ type }) => type);
      expect(written, name).toEqual(schema.returns.slice(0, written.length).map(({ type }) => type));
      expect(kernel.arguments.slice(-written.length)).toEqual(outputsOf(kernel));
    }
    const writing = operatorNames.filter((name) => outputsOf(schemaOf(name)!).length > 0);
    expect(writing.filter((name) => !name.startsWith("cortex_m::") && !reached.has(name))).toEqual([]);
  });

  it.each([
    ["aten.add.Tensor", "aten::add.out"],
    ["aten.max.dim", "aten::max.dim_max"],
    ["aten.full.default", "aten::full.out"],
    ["aten._to_copy.default", "aten::_to_copy.out"],
    ["aten.mean.dim", "aten::mean.out"],
    ["aten.split_copy.Tensor", "aten::split_copy.Tensor_out"],
    ["dim_order_ops._to_dim_order_copy.default", "dim_order_ops::_to_dim_order_copy.out"],
    ["quantized_decomposed.quantize_per_tensor.tensor", "quantized_decomposed::quantize_per_tensor.Tensor_out"],
  ])("compute %s by %s", (functional, kernel) => {
    expect(outVariantOf(schemaOf(functional)!)).toBe(schemaOf(kernel));
  });

  it("are not there for what a lowering has to take apart first", () => {
    for (const name of ["aten.linear.default", "aten.view.default", "aten.silu.default"]) {
      expect(outVariantOf(schemaOf(name)!)).toBeUndefined();
    }
  });
});
