import type { OnnxDimension, OnnxValueInfo } from "@millrace/formats/onnx";
import { bindDimension, type Dimension, type Graph, symbol, symbolsOf, type ValueType } from "@millrace/ir";
import type { Problems } from "./problems.ts";
import type { TensorReader } from "./tensors.ts";

const sizeHint = "Sizes are whole numbers of at least 0.";

/** Sizes the user gives: symbols by name, and whole shapes by input. */
export interface GivenSizes {
  readonly dimensions?: ReadonlyMap<string, number> | undefined;
  readonly shapes?: ReadonlyMap<string, readonly number[]> | undefined;
}

/** Types of the graph's inputs by name; an input whose type can't be used is left out, with a problem reported. */
export function inputTypes(
  inputs: readonly OnnxValueInfo[],
  given: GivenSizes,
  tensors: TensorReader,
  problems: Problems,
): ReadonlyMap<string, ValueType> {
  checkNames(inputs, given, problems);
  const sizes = boundSymbols(inputs, given, problems);
  const types = new Map<string, ValueType>();
  for (const input of inputs) {
    if (input.type && !input.type.tensor) {
      reportNoTensor("input", input.name, problems);
      continue;
    }
    const place = { label: `The input "${input.name}"`, at: { value: input.name } };
    const dtype = problems.try(place, () => tensors.elementType(input.type?.tensor?.elementType ?? 0));
    const shape = given.shapes?.get(input.name) ?? declaredShape(input, sizes);
    if (dtype && shape) types.set(input.name, { dtype, shape });
    else if (dtype)
      problems.error("onnx.unknown-shape", `${place.label}: the model does not say how many axes it has.`, {
        at: place.at,
        hint: `Give its shape, such as ${input.name}=1,3,224,224.`,
      });
  }
  return types;
}

/** Tells which options give the sizes that a model leaves open, if anything is wrong that may depend on them. */
export function adviseOpenSizes({ inputs }: Graph, problems: Problems): void {
  const open = inputs.filter(({ type }) => type.shape.some((size) => typeof size === "string"));
  const errors = problems.diagnostics.filter(({ severity }) => severity === "error");
  if (open.length === 0 || errors.every(({ code }) => code === "onnx.unknown-operator")) return;
  const names = new Set(open.flatMap(({ type }) => type.shape.flatMap(symbolsOf)));
  problems.add({
    code: "onnx.open-sizes",
    severity: "info",
    message: `The model leaves sizes of its inputs open, on which this may depend: ${open.map(({ name, type }) => `${name}[${type.shape}]`).join(", ")}.`,
    hint: `Give them with ${[...names].map((name) => `--dim ${name}=SIZE`).join(" ")}, or whole shapes as in --shape ${open[0].name}=${open[0].type.shape.map((size) => (typeof size === "number" ? size : "SIZE")).join(",")}.`,
  });
}

/** Reports a sequence, an optional or another type that no value of a graph has. */
export function reportNoTensor(what: "input" | "output", name: string, problems: Problems): void {
  problems.error(
    "onnx.not-a-tensor",
    `The ${what} "${name}" is no tensor, such as a sequence or an optional; a graph takes and gives tensors only.`,
    {
      at: { value: name },
      hint: `Give each tensor ${what === "input" ? "an input" : "an output"} of its own.`,
    },
  );
}

function declaredShape(input: OnnxValueInfo, sizes: ReadonlyMap<string, number>): readonly Dimension[] | undefined {
  return input.type?.tensor?.shape?.dims.map((dim, axis) =>
    bindDimension(declaredSize(dim, `${input.name}_${axis}`), sizes),
  );
}

/** A size below zero is how some exporters write an open one. */
function declaredSize({ value, param }: OnnxDimension, fallback: string): Dimension {
  if (value !== undefined && value >= 0) return value;
  return symbol(param || fallback);
}

function boundSymbols(
  inputs: readonly OnnxValueInfo[],
  given: GivenSizes,
  problems: Problems,
): ReadonlyMap<string, number> {
  const sizes = new Map([...(given.dimensions ?? [])].map(([name, size]) => [symbol(name), size]));
  for (const { name, type } of inputs) {
    const shape = given.shapes?.get(name);
    const declared = type?.tensor?.shape?.dims;
    if (shape === undefined || declared === undefined) continue;
    if (shape.length !== declared.length)
      problems.error(
        "onnx.unknown-shape",
        `The input "${name}" has ${declared.length} axes, not the ${shape.length} of the shape given.`,
        {
          at: { value: name },
          hint: "Give one size for each axis.",
        },
      );
    else for (const [axis, { param }] of declared.entries()) if (param) sizes.set(symbol(param), shape[axis]);
  }
  return sizes;
}

function checkNames(inputs: readonly OnnxValueInfo[], given: GivenSizes, problems: Problems): void {
  const names = new Set(inputs.map(({ name }) => name));
  const symbols = new Set(
    inputs.flatMap(({ name, type }) =>
      (type?.tensor?.shape?.dims ?? []).map((dim, axis) => declaredSize(dim, `${name}_${axis}`)),
    ),
  );
  for (const [name, shape] of given.shapes ?? []) {
    if (!names.has(name))
      problems.error("onnx.unknown-input", `A shape is given for "${name}", which is not an input.`, {
        hint: `The inputs are ${[...names].join(", ")}.`,
      });
    if (!shape.every(isSize))
      problems.error("onnx.unknown-shape", `The shape [${shape}] given for "${name}" is not a list of sizes.`, {
        hint: sizeHint,
      });
  }
  for (const [name, size] of given.dimensions ?? []) {
    if (!symbols.has(symbol(name)))
      problems.error("onnx.unknown-dimension", `A size is given for the dimension "${name}", which no input has.`, {
        hint: openDimensionsHint([...symbols].filter((size) => typeof size === "string")),
      });
    if (!isSize(size))
      problems.error("onnx.unknown-dimension", `The size ${size} given for "${name}" is not a size.`, {
        hint: sizeHint,
      });
  }
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

/** Names the dimensions that a size can be given for. */
export function openDimensionsHint(names: readonly string[]): string {
  return names.length === 0 ? "All sizes are known: leave it out." : `The open dimensions are ${names.join(", ")}.`;
}
