import type { ExportedProgram, SymInt, TensorMeta } from "@millrace/formats/pt2";
import { type Dimension, type Graph, symbol, symbolsOf } from "@millrace/ir";
import { openDimensionsHint } from "../onnx/inputs.ts";
import type { Problems } from "./problems.ts";
import type { Scope } from "./scope.ts";
import { elementTypeOf } from "./types.ts";

const sizeHint = "Sizes are whole numbers of at least 0.";

/** Sizes the user gives: symbols by name, and whole shapes by input. */
export interface GivenSizes {
  /** Sizes of symbolic dimensions by name. */
  readonly dimensions?: ReadonlyMap<string, number>;
  /** Shapes of inputs by name, in the place of those in the program. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
}

/** Adds the program's tensor inputs to the graph, under the sizes given. What can't be an input is reported. */
export function userInputs(
  program: ExportedProgram,
  graph: Graph,
  scope: Scope,
  given: GivenSizes,
  problems: Problems,
): void {
  const names = program.signature.inputs.flatMap((spec) =>
    spec.kind === "userInput" && spec.value.kind === "tensor" ? [spec.value.name] : [],
  );
  reportOtherInputs(program, problems);
  bindSizes(program, names, scope, given, problems);
  for (const name of names) {
    const meta = scope.meta(name);
    const place = { label: `The input "${name}"`, at: { value: name } };
    const type = problems.try(place, () => {
      if (!meta) return undefined;
      const own = meta.sizes.map((size) => scope.symbols.sizeOf(size));
      return { dtype: elementTypeOf(meta.scalarType), shape: given.shapes?.get(name) ?? own };
    });
    const input = type && graph.addInput(name, type);
    scope.bind(name, input ?? "unknown");
  }
}

/** Numbers that the program was exported for stay what they were; sizes passed as inputs of their own have no place. */
function reportOtherInputs({ signature }: ExportedProgram, problems: Problems): void {
  for (const spec of signature.inputs) {
    if (spec.kind === "customObject")
      problems.error("torch.custom-object", `The program needs "${spec.target}", an object of a class of its own.`, {
        hint: "Export the model without it.",
      });
    if (spec.kind !== "userInput" || !("value" in spec.value)) continue;
    const { kind, value } = spec.value;
    if (typeof value !== "string" || kind === "string") continue;
    problems.error("torch.not-a-tensor", `The input "${value}" is a number, and a graph takes tensors only.`, {
      at: { value },
      hint: "Make it a tensor, or a constant, before the model is exported.",
    });
  }
}

/** Binds the symbols whose sizes are given, and tells of those that can't be what is given. */
function bindSizes(
  program: ExportedProgram,
  names: readonly string[],
  scope: Scope,
  given: GivenSizes,
  problems: Problems,
): void {
  const found = new Map([...(given.dimensions ?? [])].map(([name, size]) => [symbol(name), size]));
  checkDimensions(names, scope, found, problems);
  for (const [name, shape] of given.shapes ?? []) {
    const meta = names.includes(name) ? scope.meta(name) : undefined;
    if (meta) bindShape(name, shape, meta, found, problems);
    else
      problems.error("torch.unknown-input", `A shape is given for "${name}", which is not an input.`, {
        hint: `The inputs are ${names.join(", ")}.`,
      });
  }
  for (const [name, size] of found) {
    scope.symbols.bind(name, size);
    const { minimum = 0, maximum = size } = program.rangeConstraints.get(name) ?? {};
    if (size < minimum || size > maximum)
      problems.add({
        code: "torch.size-out-of-range",
        severity: "warning",
        message: `The size ${name} is ${size}; the program was exported for ${minimum} to ${maximum}.`,
        hint: "Check its results, or export the model with a wider range in dynamic_shapes.",
      });
  }
}

function bindShape(
  name: string,
  shape: readonly number[],
  { sizes }: TensorMeta,
  found: Map<string, number>,
  problems: Problems,
): void {
  const wrong = (message: string, hint: string): void =>
    problems.error("torch.unknown-shape", message, { at: { value: name }, hint });
  if (!shape.every(isSize)) wrong(`The shape [${shape}] given for "${name}" is not a list of sizes.`, sizeHint);
  else if (shape.length !== sizes.length)
    wrong(
      `The input "${name}" has ${sizes.length} axes, not the ${shape.length} of the shape given.`,
      "Give one size for each axis.",
    );
  else
    for (const [axis, size] of sizes.entries()) {
      const known = symbolOf(size);
      if (known !== undefined) found.set(symbol(known), shape[axis]);
      else if (typeof size !== "object" && Number(size) !== shape[axis])
        wrong(
          `Axis ${axis} of "${name}" has the fixed size ${size}, not ${shape[axis]}.`,
          "Export the model with this size, or leave it open with dynamic_shapes.",
        );
    }
}

function symbolOf(size: SymInt): string | undefined {
  const { expression } = typeof size === "object" ? size : {};
  return typeof expression === "object" && "symbol" in expression ? expression.symbol : undefined;
}

function checkDimensions(
  names: readonly string[],
  scope: Scope,
  found: ReadonlyMap<string, number>,
  problems: Problems,
): void {
  const sizes = names.flatMap((name) => scope.meta(name)?.sizes ?? []);
  const open = new Set(sizes.map(symbolOf).filter((name) => name !== undefined));
  for (const [name, size] of found) {
    if (!open.has(name))
      problems.error("torch.unknown-dimension", `A size is given for the dimension "${name}", which no input has.`, {
        hint: openDimensionsHint([...open]),
      });
    if (!isSize(size))
      problems.error("torch.unknown-dimension", `The size ${size} given for "${name}" is not a size.`, {
        hint: sizeHint,
      });
  }
}

/** Tells which options give the sizes that a program leaves open, if anything is wrong that may depend on them. */
export function adviseOpenSizes({ inputs }: Graph, problems: Problems): void {
  const isOpen = (size: Dimension) => typeof size === "string";
  const open = inputs.filter(({ type }) => type.shape.some(isOpen));
  const isAffected = problems.diagnostics.some(
    ({ code, severity }) => severity === "error" && code !== "torch.unknown-operator",
  );
  if (open.length === 0 || !isAffected) return;
  const names = new Set(open.flatMap(({ type }) => type.shape.flatMap(symbolsOf)));
  problems.add({
    code: "torch.open-sizes",
    severity: "info",
    message: `The model leaves sizes of its inputs open, on which this may depend: ${open.map(({ name, type }) => `${name}[${type.shape}]`).join(", ")}.`,
    hint: `Give them with ${[...names].map((name) => `--dim ${name}=SIZE`).join(" ")}, or whole shapes as in --shape ${open[0].name}=${open[0].type.shape.map((size) => (isOpen(size) ? "SIZE" : size)).join(",")}.`,
  });
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}
