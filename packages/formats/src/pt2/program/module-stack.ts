import type { ModuleFrame } from "./exported-program.ts";

/**
 * The modules of `nn_module_stack`, which is `key,path,type` for each, outermost first, with semicolons between. A path is a
 * qualified name, or the Python expression that reached the module, such as `L['self'].stem[0]` or `getattr(L['self'].layers,
 * '0')`, which is made one.
 */
export function parseModuleStack(text: string): readonly ModuleFrame[] {
  return text
    .split(";")
    .filter((frame) => frame !== "")
    .map((frame) => {
      const [first, last] = [frame.indexOf(","), frame.lastIndexOf(",")];
      if (first === -1) return { key: frame, path: "", type: "" };
      const path = first === last ? "" : frame.slice(first + 1, last);
      return { key: frame.slice(0, first), path: qualifiedName(path), type: frame.slice(last + 1) };
    });
}

/** Whatever the expression is, what is no name or index stands between the names and indices. */
function qualifiedName(path: string): string {
  if (!path.startsWith("L[") && !path.includes("getattr(")) return path;
  const withoutRoot = path.replace(/L\[['"]\w+['"]\]/g, "");
  return withoutRoot
    .replace(/getattr\(/g, "")
    .replace(/\._modules\b/g, "")
    .replace(/[[\](),'"\s]+/g, ".")
    .replace(/\.{2,}/g, ".")
    .replace(/^\.|\.$/g, "");
}
