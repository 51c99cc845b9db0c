import type { OnnxAttribute, OnnxFunction, OnnxModel, OnnxNode } from "@millrace/formats/onnx";
import { fail } from "@millrace/ir";
import { checkedOpset, versionsOf } from "./opsets.ts";
import { Scope } from "./scope.ts";

const hint = "Check the model with onnx.checker and export it again.";

/** Calls and loops in each other make longer and longer names; only their ends are kept beyond this. */
export const maximumPrefix = 1000;

/** The functions a model brings along, found by domain, name and overload. */
export class FunctionLibrary {
  readonly #functions: ReadonlyMap<string, OnnxFunction>;
  readonly #opsets = new Map<OnnxFunction, ReadonlyMap<string, number>>();

  constructor({ functions }: OnnxModel) {
    this.#functions = new Map(
      functions.map((definition) => [keyOf(definition.domain, definition.name, definition.overload), definition]),
    );
  }

  /** The function a node calls, if it calls one. */
  find({ domain, opType, overload }: OnnxNode): OnnxFunction | undefined {
    return this.#functions.size === 0 ? undefined : this.#functions.get(keyOf(domain, opType, overload));
  }

  /** The scope of a function's body for one call of it, by the name `callName`. */
  scopeOf(definition: OnnxFunction, node: OnnxNode, scope: Scope, callName: string): Scope {
    if (node.inputs.length > definition.inputs.length)
      fail("onnx.shape", `it has ${node.inputs.length} inputs, and the function takes ${definition.inputs.length}`, {
        hint,
      });
    const given = resolveAttributes(node.attributes, scope.attributes);
    const declared = new Set([...definition.attributes, ...definition.attributeProtos.map(({ name }) => name)]);
    const stray = given.find(({ name }) => !declared.has(name));
    if (stray) fail("onnx.unsupported-attribute", `the function has no attribute ${stray.name}`, { hint });
    const names = definition.outputs.map((name, index) => [name, node.outputs[index] ?? ""] as const);
    return new Scope({
      prefix: `${callName.slice(-maximumPrefix)}/`,
      opsets: this.#opsetsOf(definition, scope),
      attributes: new Map([...definition.attributeProtos, ...given].map((attribute) => [attribute.name, attribute])),
      resultNames: new Map(
        names.filter(([, outer]) => outer !== "").map(([inner, outer]) => [inner, scope.qualify(outer)]),
      ),
    });
  }

  /** Operator set versions of a body; those it does not state are the caller's. */
  #opsetsOf(definition: OnnxFunction, { opsets }: Scope): ReadonlyMap<string, number> {
    const known = this.#opsets.get(definition);
    if (known) return known;
    const versions = new Map([...opsets, ...versionsOf(definition.opsetImports)]);
    checkedOpset(versions);
    this.#opsets.set(definition, versions);
    return versions;
  }
}

/** A node's attributes with those of the surrounding function in the place of references; a reference to one left out vanishes. */
export function resolveAttributes(
  attributes: readonly OnnxAttribute[],
  surrounding: ReadonlyMap<string, OnnxAttribute> | undefined,
): readonly OnnxAttribute[] {
  if (surrounding === undefined) return attributes;
  return attributes.flatMap((attribute) => {
    if (!attribute.refAttrName) return attribute;
    const actual = surrounding.get(attribute.refAttrName);
    return actual ? { ...actual, name: attribute.name } : [];
  });
}

function keyOf(domain: string, name: string, overload = ""): string {
  return JSON.stringify([domain === "ai.onnx" ? "" : domain, name, overload]);
}
