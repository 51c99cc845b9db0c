export { type KernelTypes, kernelTypesOf } from "./kernel-types.ts";
export {
  functionalOf,
  isPortableKernel,
  isPrimitiveKernel,
  isQuantizedKernel,
  operatorNames,
  outputsOf,
  outVariantOf,
  schemaOf,
} from "./operators.ts";
export {
  type OperatorSchema,
  parseSchema,
  type SchemaAlias,
  type SchemaArgument,
  type SchemaDefault,
  type SchemaReturn,
  type SchemaType,
} from "./schema.ts";
