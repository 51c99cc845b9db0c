import { DatasetError } from "./error.ts";

const pieceBytes = 1 << 16;

export interface InflateOptions {
  /** Name of the file, for errors. */
  readonly file: string;
  /** Most bytes that may come out. */
  readonly limit: number;
  /** Bytes to expect: what is allocated at first. */
  readonly expected: number;
}

/**
 * Expands gzip or zlib ("deflate") data, piece by piece and no further than `limit`; the platform's decompressor checks the
 * checksums. Throws `data.too-large` beyond the limit and `data.bad-compression` for damaged or truncated data.
 */
export async function inflate(
  bytes: Uint8Array,
  kind: "gzip" | "deflate",
  options: InflateOptions,
): Promise<Uint8Array> {
  const reader = pieces(bytes).pipeThrough(new DecompressionStream(kind)).getReader();
  let result = allocateBytes(Math.min(options.expected, options.limit), options);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw damaged(options.file, cause);
    });
    if (done) return result.subarray(0, length);
    if (length + value.length > options.limit) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge(options);
    }
    if (length + value.length > result.length) {
      const grown = allocateBytes(Math.min(options.limit, Math.max(2 * result.length, length + value.length)), options);
      grown.set(result.subarray(0, length));
      result = grown;
    }
    result.set(value, length);
    length += value.length;
  }
}

/** The expanded size that a gzip file states about itself (modulo 2^32), if its compressed size can hold that much: a hint only. */
export function statedSize(bytes: Uint8Array): number {
  if (bytes.length < 18) return 0;
  const stated = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  const greatestRatio = 1032;
  return Math.min(stated, bytes.length * greatestRatio);
}

function pieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = 0;
  return new ReadableStream({
    pull(controller) {
      if (position >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(position, position + pieceBytes) as Uint8Array<ArrayBuffer>);
      position += pieceBytes;
    },
  });
}

function allocateBytes(count: number, options: InflateOptions): Uint8Array {
  try {
    return new Uint8Array(count);
  } catch {
    throw tooLarge(options);
  }
}

function tooLarge({ file, limit }: InflateOptions): DatasetError {
  return new DatasetError("data.too-large", `${file} expands to more than the ${limit} bytes allowed`, {
    hint: "Check the file, split the data, or raise the limit.",
    where: file,
  });
}

function damaged(file: string, cause: unknown): DatasetError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DatasetError("data.bad-compression", `${file} can't be expanded: ${reason}`, {
    hint: "The file is truncated or damaged; write or download it again.",
    where: file,
    cause,
  });
}
