import type { Tensor, Value } from "@millrace/ir";

/** What is made from a value's tensor: at once where it is constant, else for every run. */
export function fromValue<T>(value: Value | undefined, make: (tensor: Tensor | undefined) => T) {
  if (value !== undefined && value.constant === undefined) return make;
  const made = make(value?.constant);
  return () => made;
}
