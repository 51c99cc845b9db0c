/**
 * Raised by every reader and writer of this package for bytes that can't be used.
 * Its fields are those of a diagnostic, so callers report it as it is.
 */
export class FormatError extends Error {
  readonly code: string;
  readonly hint: string;
  /** Where in the file: a byte offset or the path of a field or member. */
  readonly where: string | undefined;

  constructor(code: string, message: string, options: { hint: string; where?: string }) {
    super(message);
    this.name = "FormatError";
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
  }
}
