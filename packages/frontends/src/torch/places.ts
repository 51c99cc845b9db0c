import type { ExportedProgram, Graph, ModuleFrame, Node } from "@millrace/formats/pt2";
import type { Place } from "../onnx/problems.ts";

const framePattern = /File "([^"]*)", line (\d+), in [^\n]*\n\s*([^\n]*)/g;
/** Folders of code that is not the user's. */
const libraryPattern = /(^|\/)(site-packages|dist-packages)\/|^torch\//;
const maximumLine = 120;

/** The exporter's own stand-in for a node that belongs to no module. */
function framesOf({ metadata }: Node): readonly ModuleFrame[] {
  return metadata.moduleStack.filter(({ type }) => !type.startsWith("_empty_nn_module_stack"));
}

/** The operator's name without namespace and overload, such as `conv2d`; of a function of torch's, which has no overloads, the last part. */
export function operatorName(target: string): string {
  const [, name, ...rest] = target.replace(/^torch\.ops\./, "").split(".");
  return (target.startsWith("torch._") ? rest.at(-1) : name) ?? target;
}

/** What a node is called in the file, or, where the file has no names, what its first result is. */
export function nodeName(node: Node): string {
  const [first] = node.outputs;
  if (node.name) return node.name;
  return first?.kind === "tensor" ? first.name : operatorName(node.target);
}

/** The node's name behind the classes of the modules it is in, those in lists with their number: `DS_CNN/Sequential_0/conv2d`. */
export function pathOf(node: Node): string {
  const modules = framesOf(node).map(({ path, type }) => {
    const name = type.split(".").at(-1)!;
    const last = path.split(".").at(-1)!;
    return /^\d+$/.test(last) ? `${name}_${last}` : name;
  });
  return [...modules, nodeName(node)].join("/");
}

/** Where a problem with a node belongs, in the user's words: the operator, the module and the line of the source. */
export function placeOf(node: Node): Place {
  const place = sourcePlace(node);
  return {
    label: `${operatorName(node.target)} "${nodeName(node)}"${place ? ` ${place}` : ""}`,
    at: { node: pathOf(node) },
  };
}

/**
 * The module and line of the source of each node by its path, which is the origin of what it is imported as; those that the program
 * tells nothing of are left out.
 */
export function sourcePlaces({ graph }: ExportedProgram): ReadonlyMap<string, string> {
  return new Map(
    [...nodesWithin(graph)].map((node) => [pathOf(node), sourcePlace(node)] as const).filter(([, place]) => place),
  );
}

function* nodesWithin({ nodes }: Graph): Generator<Node> {
  for (const node of nodes) {
    yield node;
    for (const { value } of node.inputs) if (value.kind === "graph") yield* nodesWithin(value.graph);
  }
}

/** Such as `in pick (model.py:31: return x[n])`. */
function sourcePlace(node: Node): string {
  const module = framesOf(node).at(-1)?.path;
  const line = sourceLine(node.metadata.stackTrace ?? "");
  return [module && `in ${module}`, line && `(${line})`].filter((part) => part).join(" ");
}

/** The innermost line of the user's own code. */
function sourceLine(trace: string): string | undefined {
  const frames = [...trace.matchAll(framePattern)];
  const frame = frames.findLast(([, file]) => !libraryPattern.test(file)) ?? frames.at(-1);
  if (!frame) return undefined;
  const [, file, line, code] = frame;
  return `${file.split("/").at(-1)}:${line}: ${code.trim().slice(0, maximumLine)}`;
}
