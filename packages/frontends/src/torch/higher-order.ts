import type { Node } from "@millrace/formats/pt2";
import type { Handler } from "./call.ts";
import type { Scope } from "./scope.ts";
import type { Walker } from "./walker.ts";

/** How a node that holds graphs is imported; undefined for any other node. */
export function higherOrder(_node: Node, _walker: Walker, _scope: Scope): Handler | undefined {
  return undefined;
}
