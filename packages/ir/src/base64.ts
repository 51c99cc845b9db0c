const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const codes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0));
const padding = "=".charCodeAt(0);
const invalid = 64;
const digits = new Uint8Array(256).fill(invalid);
for (const [digit, code] of codes.entries()) digits[code] = digit;

/** Base64 (RFC 4648, padded) of bytes. */
export function toBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(padding, -4);
  for (let from = 0, to = 0; from < bytes.length; from += 3) {
    const rest = bytes.length - from;
    const group = (bytes[from] << 16) | ((rest > 1 ? bytes[from + 1] : 0) << 8) | (rest > 2 ? bytes[from + 2] : 0);
    text[to++] = codes[group >> 18];
    text[to++] = codes[(group >> 12) & 63];
    if (rest > 1) text[to++] = codes[(group >> 6) & 63];
    if (rest > 2) text[to++] = codes[group & 63];
  }
  return new TextDecoder().decode(text);
}

/** Bytes of base64 text, or undefined if it is malformed. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const missing = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - missing);
  const length = text.length - missing;
  const digit = (at: number) => {
    if (at >= length) return 0;
    const code = text.charCodeAt(at);
    return code < 256 ? digits[code] : invalid;
  };
  for (let from = 0, to = 0; from < length; from += 4) {
    const a = digit(from);
    const b = digit(from + 1);
    const c = digit(from + 2);
    const d = digit(from + 3);
    if ((a | b | c | d) & invalid) return undefined;
    const group = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[to++] = group >> 16;
    bytes[to++] = group >> 8;
    bytes[to++] = group;
  }
  return bytes;
}
