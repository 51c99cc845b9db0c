export * from "./bind-dimensions.ts";
export * from "./fold-constants.ts";
export * from "./infer-shapes.ts";
export * from "./layout/boundary.ts";
export * from "./layout/explain-transposes.ts";
export * from "./pass.ts";
export * from "./pipelines.ts";
export * from "./remove-dead.ts";
export { type Refusal, type RewriteRule, refuse, rewrite } from "./rewrite.ts";
