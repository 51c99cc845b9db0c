/** Raised for DATA that can't be used, or not with this model. Its fields are those of a diagnostic, so callers report it as it is. */
export class DatasetError extends Error {
  /** Stable dotted name such as `data.shape-mismatch`. */
  readonly code: string;
  readonly hint: string;
  /** The file, key or input at fault. */
  readonly where: string | undefined;

  constructor(code: string, message: string, options: { hint: string; where?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "DatasetError";
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
  }
}

/**
 * Runs a reader of a file's content and names the file in whatever it raises: an error with a code keeps its code and hint,
 * any other becomes `code` with `hint`.
 */
export async function naming<T>(file: string, code: string, hint: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    const known = codedError(error);
    const reason = error instanceof Error ? error.message : String(error);
    const message = reason.includes(file) ? reason : `${file}: ${reason}`;
    throw new DatasetError(known?.code ?? code, message, { hint: known?.hint ?? hint, where: file, cause: error });
  }
}

function codedError(error: unknown): { code: string; hint: string } | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("hint" in error)) return undefined;
  const { code, hint } = error;
  return typeof code === "string" && typeof hint === "string" ? { code, hint } : undefined;
}
