import type { Trail } from "./trail.ts";

/** Fails with `not-` and the format's name, or with `truncated`, unless the four letters of the format stand at byte 4. */
export function checkIdentifier(bytes: Uint8Array, identifier: string, trail: Trail): void {
  const found = String.fromCharCode(...bytes.subarray(4, 8));
  if (found === identifier) return;
  if (bytes.length < 8 && identifier.startsWith(found)) {
    trail.fail("truncated", `the file has only ${bytes.length} bytes`, "fetch or export the file again");
  }
  const hint = `give a .${trail.format} file; other formats have their own readers`;
  trail.fail(`not-${trail.format}`, `bytes 4 to 7 are not "${identifier}"`, hint);
}
