/** Bytes that `count` elements of `bits` bits take when stored. */
export function packedBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** Spreads elements of 2 or 4 bits, lowest bits first, one to a byte; negative ones in two's complement if `signed`. */
export function unpack(packed: Uint8Array, bits: 2 | 4, count: number, signed: boolean): Int8Array<ArrayBuffer> {
  const elements = new Int8Array(count);
  const perByte = 8 / bits;
  const unused = 32 - bits;
  for (let at = 0; at < count; at++) {
    const high = (packed[Math.floor(at / perByte)]! >>> ((at % perByte) * bits)) << unused;
    elements[at] = signed ? high >> unused : high >>> unused;
  }
  return elements;
}

/** Stores the low 2 or 4 bits of each byte, lowest bits first; the last byte is filled up with zeros. */
export function pack(elements: Uint8Array, bits: 2 | 4): Uint8Array {
  const packed = new Uint8Array(packedBytes(elements.length, bits));
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  for (let at = 0; at < elements.length; at++)
    packed[Math.floor(at / perByte)]! |= (elements[at]! & mask) << ((at % perByte) * bits);
  return packed;
}
