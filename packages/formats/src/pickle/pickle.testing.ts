const encoder = new TextEncoder();

/** Bytes of a pickle that builds a value. */
export type Piece = readonly number[];

const u32 = (value: number): Piece => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
const code = (character: string): number => character.charCodeAt(0);

/** A whole pickle of protocol 2. */
export function pickleOf(...pieces: readonly Piece[]): Uint8Array {
  return Uint8Array.from([0x80, 2, ...pieces.flat(), code(".")]);
}

export function operation(character: string, ...parameters: readonly number[]): Piece {
  return [code(character), ...parameters];
}

export function text(value: string): Piece {
  const bytes = [...encoder.encode(value)];
  return [code("X"), ...u32(bytes.length), ...bytes];
}

export function integer(value: number): Piece {
  return [code("J"), ...u32(value)];
}

export function boolean(value: boolean): Piece {
  return [value ? 0x88 : 0x89];
}

export function global(module: string, name: string): Piece {
  return [code("c"), ...encoder.encode(`${module}\n${name}\n`)];
}

export function tuple(...items: readonly Piece[]): Piece {
  return [code("("), ...items.flat(), code("t")];
}

export function dictionary(...entries: readonly (readonly [Piece, Piece])[]): Piece {
  return [code("}"), code("("), ...entries.flat(2), code("u")];
}

export function call(callee: Piece, ...parameters: readonly Piece[]): Piece {
  return [...callee, ...tuple(...parameters), code("R")];
}

export function persistent(identity: Piece): Piece {
  return [...identity, code("Q")];
}
