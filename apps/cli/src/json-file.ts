import { readWholeFile } from "./read-file.ts";
import { RequestError } from "./request-error.ts";

const mostBytes = 2 ** 24;

/** A file as parsed JSON. Throws a RequestError with the code and the hint for any other file. */
export function jsonFile(path: string, code: string, hint: string): unknown {
  const bytes = readWholeFile(path);
  try {
    if (bytes.length <= mostBytes) return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // Told below, as for a file that is too large.
  }
  throw new RequestError(code, `${path} is no JSON document of a sensible size`, { hint });
}
