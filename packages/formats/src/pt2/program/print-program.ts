import type { Argument, ExportedProgram, Graph, Integer, ModuleFrame, Node, SymInt } from "./exported-program.ts";
import type { SymbolicExpression } from "./symbolic-expression.ts";

/** A node of an exported program in words. */
export interface PrintedNode {
  readonly name: string;
  /** Such as `aten.conv2d.default`. */
  readonly target: string;
  readonly arguments: readonly string[];
  /** Types of the results, such as `float32[1,8,28,28]`. */
  readonly results: readonly string[];
  /** The user's modules that contain the node and its operator, such as `user_module.DS_CNN/Sequential_0/conv2d`. */
  readonly namespace: string;
}

/** The nodes of a program's graph in its order; bodies of higher-order operators are only named. */
export function printedNodes({ graph }: ExportedProgram): readonly PrintedNode[] {
  return graph.nodes.map((node) => {
    const target = node.target.replace(/^torch\.ops\./, "");
    const names = node.outputs.flatMap(namesOf);
    return {
      name: names.length > 0 ? names.join(", ") : (node.name ?? target),
      target,
      arguments: node.inputs.map(({ name, value, passing }) =>
        passing === "keyword" ? `${name}=${textOf(value)}` : textOf(value),
      ),
      results: names.map((name) => typeOf(name, graph)),
      namespace: namespaceOf(node, target),
    };
  });
}

/** A program as text: a line for each input, node and output. */
export function printProgram(program: ExportedProgram): string {
  const { graph, verifiers } = program;
  const inputs = graph.inputs.flatMap(namesOf).map((name) => `input ${name}: ${typeOf(name, graph)}`);
  const nodes = printedNodes(program).map(
    ({ name, results, target, arguments: given, namespace }) =>
      `${name}: ${results.join(", ")} = ${target}(${given.join(", ")}) in ${namespace}`,
  );
  const outputs = graph.outputs.map(textOf).join(", ");
  return [`exported program (${verifiers.join(", ")})`, ...inputs, ...nodes, `output ${outputs}`].join("\n  ");
}

/** A layer of torch's own has the operator in its place. */
function namespaceOf({ metadata }: Node, target: string): string {
  const operator = target.split(".").at(-2) ?? target;
  const frames = metadata.moduleStack.filter((frame, index, all) => index < all.length - 1 || !isLayer(frame));
  const modules = frames.map(({ path, type }) => {
    const kind = type.split(".").at(-1) ?? "";
    return path === "" ? `user_module.${kind}` : [kind, path.split(".").at(-1)].filter((part) => part !== "").join("_");
  });
  return [...modules, operator].join("/");
}

function isLayer({ type }: ModuleFrame): boolean {
  return type.startsWith("torch.nn.modules.") && !type.startsWith("torch.nn.modules.container.");
}

function namesOf(argument: Argument): readonly string[] {
  if (argument.kind === "tensor") return [argument.name];
  if (argument.kind === "tensors") return argument.names;
  if (argument.kind === "optionalTensors") return argument.names.filter((name) => name !== undefined);
  return "value" in argument && typeof argument.value === "string" && argument.kind !== "string"
    ? [argument.value]
    : [];
}

function typeOf(name: string, { tensorValues, symIntValues, symFloatValues }: Graph): string {
  const tensor = tensorValues.get(name);
  if (tensor) return `${tensor.scalarType}[${tensor.sizes.map(sizeText).join(",")}]`;
  if (symIntValues.has(name)) return "int";
  return symFloatValues.has(name) ? "float" : "bool";
}

function sizeText(size: SymInt): string {
  return typeof size === "object" ? expressionText(size.expression) : `${size}`;
}

function expressionText(expression: SymbolicExpression): string {
  if (typeof expression !== "object") return `${expression}`;
  if ("symbol" in expression) return expression.symbol;
  return `${expression.function}(${expression.operands.map(expressionText).join(", ")})`;
}

function listText(items: readonly (Integer | string | number | boolean)[]): string {
  return `[${items.map(String).join(", ")}]`;
}

/** As Python would write it. */
function textOf(argument: Argument): string {
  switch (argument.kind) {
    case "none":
      return "None";
    case "tensor":
    case "operator":
    case "graph":
      return argument.name;
    case "tensors":
      return listText(argument.names);
    case "optionalTensors":
      return listText(argument.names.map((name) => name ?? "None"));
    case "nestedTensors":
      return `[${argument.names.map(listText).join(", ")}]`;
    case "ints":
    case "floats":
      return listText(argument.values);
    case "bools":
      return listText(argument.values.map(truthText));
    case "strings":
      return listText(argument.values.map((text) => JSON.stringify(text)));
    case "intLists":
    case "floatLists":
      return `[${argument.values.map(listText).join(", ")}]`;
    case "bool":
      return truthText(argument.value);
    case "string":
      return JSON.stringify(argument.value);
    case "complex":
      return `(${argument.real}+${argument.imaginary}j)`;
    case "device":
      return argument.device.type;
    case "customObject":
      return argument.object.name;
    case "dictionary":
      return `{${[...argument.entries].map(([key, value]) => `${key}: ${textOf(value)}`).join(", ")}}`;
    default:
      return `${argument.value}`;
  }
}

function truthText(value: boolean | string): string {
  return typeof value === "string" ? value : value ? "True" : "False";
}
