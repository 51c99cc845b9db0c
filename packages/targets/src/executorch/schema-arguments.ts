import { type OperatorSchema, outVariantOf, type SchemaArgument, schemaOf } from "@millrace/formats/aten";
import type { EdgeArgument, EdgeCall } from "./edge-program.ts";

/** The kernel that computes a call into memory it is given. */
export function kernelOf({ operator }: EdgeCall): OperatorSchema {
  const schema = schemaOf(operator);
  const kernel = schema && outVariantOf(schema);
  if (kernel === undefined) throw new Error(`${operator} has no kernel`);
  return kernel;
}

/** Every argument that a call's operator takes, in its order, with what the call gives for it or else the default. */
export function argumentsOf(call: EdgeCall): readonly (readonly [SchemaArgument, EdgeArgument])[] {
  const schema = schemaOf(call.operator);
  if (schema === undefined) throw new Error(`${call.operator} is not known`);
  const keywords = new Map(Object.entries(call.keywords));
  const pairs = schema.arguments.map((argument, index) => {
    const { name, keywordOnly, initial } = argument;
    const given = keywordOnly || index >= call.positional.length ? keywords.get(name) : call.positional[index];
    keywords.delete(name);
    const value = given === undefined ? initial : given;
    if (value === undefined) throw new Error(`${call.operator} needs ${name}`);
    return [argument, value as EdgeArgument] as const;
  });
  if (keywords.size > 0) throw new Error(`${call.operator} has no ${[...keywords.keys()].join()}`);
  return pairs;
}
