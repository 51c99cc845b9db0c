import { type Attribute, type Attributes, bindDimension, type Dimension, isStatic, type ValueType } from "@millrace/ir";

type Sizes = ReadonlyMap<string, number>;

/** A type with symbols replaced by sizes; the same object if it has none. */
export function bindType(type: ValueType, sizes: Sizes): ValueType {
  if (isStatic(type.shape)) return type;
  return { ...type, shape: type.shape.map((dimension) => bindDimension(dimension, sizes)) };
}

/** Attributes with symbols in lists of sizes replaced; the same object if there are none. */
export function bindAttributes(attributes: Attributes, sizes: Sizes): Attributes {
  if (!Object.values(attributes).some(isSymbolic)) return attributes;
  const bound = Object.entries(attributes).map(([name, attribute]) => [
    name,
    isSymbolic(attribute) ? attribute.map((dimension) => bindDimension(dimension, sizes)) : attribute,
  ]);
  return Object.fromEntries(bound);
}

function isSymbolic(attribute: Attribute): attribute is readonly Dimension[] {
  return Array.isArray(attribute) && attribute.some((item) => typeof item === "string");
}
