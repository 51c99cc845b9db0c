/** Bytes that become whole groups of four characters, few enough to be passed as arguments. */
const chunk = 3 * 8192;

/** Base64 (RFC 4648, padded) of bytes. */
export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + chunk))));
  }
  return parts.join("");
}

/** Bytes of base64 text, or undefined if it is malformed. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const step = (chunk / 3) * 4;
  for (let from = 0, to = 0; from < text.length; from += step, to += chunk) {
    const part = decodePart(text.slice(from, from + step));
    if (part?.length !== Math.min(chunk, bytes.length - to)) return undefined;
    for (let index = 0; index < part.length; index++) bytes[to + index] = part.charCodeAt(index);
  }
  return bytes;
}

function decodePart(text: string): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}
