const slots = 4096;
const longest = 64;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Room for the characters of short texts, by length: several times faster than a TextDecoder. */
const codesByLength = Array.from({ length: longest + 1 }, (_, length) => new Array<number>(length).fill(0));

/** Decodes UTF-8, giving the same string again for the names that a model repeats (operators, attributes, values). */
export class TextCache {
  private readonly texts = new Array<string>(slots).fill("");

  /** The text of `bytes[start..end]`; throws a TypeError if it is not UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    if (end - start > longest) return utf8.decode(bytes.subarray(start, end));
    let hash = 0;
    let seen = 0;
    for (let at = start; at < end; at++) {
      hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
      seen |= bytes[at]!;
    }
    if (seen > 0x7f) return utf8.decode(bytes.subarray(start, end));
    const slot = (hash ^ (hash >>> 12)) & (slots - 1);
    const cached = this.texts[slot]!;
    if (equals(cached, bytes, start, end)) return cached;
    const codes = codesByLength[end - start]!;
    for (let at = start; at < end; at++) codes[at - start] = bytes[at]!;
    const text = String.fromCharCode.apply(null, codes);
    this.texts[slot] = text;
    return text;
  }
}

function equals(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at++) if (text.charCodeAt(at - start) !== bytes[at]!) return false;
  return true;
}
