/** One step into a FlatBuffer: a table's vtable entry, or a vector's element (-1: what the offset points to itself). */
type Step = { readonly entry: number } | { readonly element: number };

/** The position of a stored field or element, found from the root table without checks; for tests that damage files. */
export function positionOf(bytes: Uint8Array, steps: readonly Step[]): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return steps.reduce((at, step) => {
    const target = at + view.getUint32(at, true);
    if ("element" in step) return target + 4 + 4 * step.element;
    const vtable = target - view.getInt32(target, true);
    return target + view.getUint16(vtable + 4 + 2 * step.entry, true);
  }, 0);
}
