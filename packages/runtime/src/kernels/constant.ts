import type { Tensor, Value } from "@millrace/ir";

/** What is made from a value's tensor: once where it is constant, when it is first needed; else for every run. */
export function fromValue<T>(value: Value | undefined, make: (tensor: Tensor | undefined) => T) {
  if (value !== undefined && value.constant === undefined) return make;
  let made: { readonly result: T } | undefined;
  return () => {
    made ??= { result: make(value?.constant) };
    return made.result;
  };
}
