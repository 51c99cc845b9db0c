/** Raised for a command that can't be carried out as it was given. Its fields are those of a diagnostic, so it is reported as it is. */
export class RequestError extends Error {
  /** Stable dotted name such as `output.no-folder`. */
  readonly code: string;
  readonly hint: string;
  /** The file or option at fault. */
  readonly where: string | undefined;

  constructor(code: string, message: string, options: { readonly hint: string; readonly where?: string }) {
    super(message);
    this.name = "RequestError";
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
  }
}

/** The code of a file system's error such as ENOENT; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EFBIG: "the file would be too large",
  EMFILE: "too many files are open",
  ELOOP: "links lead in a circle",
  ENAMETOOLONG: "the name is too long",
};

/** Why a file could not be used, in words. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  return (code !== undefined && reasons[code]) || (error instanceof Error ? error.message : String(error));
}
