import { FormatError } from "../error.ts";
import { type NpyType, npyTypes } from "./array.ts";

/** What the text before the data says. */
export interface NpyHeader {
  readonly dtype: NpyType;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Byte at which the data begins. */
  readonly dataOffset: number;
}

const magic = [0x93, ...new TextEncoder().encode("NUMPY")];
/** Far above the header of any array of at most 64 dims, numpy's limit. */
const maximumHeader = 65_536;
const maximumRank = 64;
const alignment = 64;

/** Reads the header of versions 1, 2 and 3. Throws FormatError `npy.not-npy`, `npy.truncated`, `npy.malformed` or `npy.dtype`. */
export function readHeader(bytes: Uint8Array): NpyHeader {
  if (bytes.length === 0 || magic.some((byte, at) => at < bytes.length && bytes[at] !== byte))
    throw new FormatError("npy.not-npy", `The file (${bytes.length} bytes) is not a .npy array.`, {
      hint: "Give an array that numpy.save wrote.",
    });
  if (bytes.length < 12) throw truncated("its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw malformed(`its version is ${version}`);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maximumHeader) throw malformed(`its header of ${length} bytes is too long`);
  if (start + length > bytes.length) throw truncated("its header");
  const text = new TextDecoder().decode(bytes.subarray(start, start + length));
  return { ...parseHeader(text), dataOffset: start + length };
}

/** A version 1 header, padded so that the data after it is aligned to 64 bytes. Throws FormatError `npy.malformed` for a shape that is none. */
export function writeHeader(dtype: NpyType, shape: readonly number[]): Uint8Array {
  checkShape(shape);
  const { code, array } = npyTypes[dtype];
  const order = array.BYTES_PER_ELEMENT === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / alignment) * alignment - 10;
  const padded = `${text.padEnd(length - 1)}\n`;
  return Uint8Array.from([...magic, 1, 0, length & 0xff, length >> 8, ...new TextEncoder().encode(padded)]);
}

function parseHeader(text: string): Omit<NpyHeader, "dataOffset"> {
  const descr = /'descr'\s*:\s*('[^']*'|\[)/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined)
    throw malformed("its header lacks descr, fortran_order or shape");
  const [, byteOrder, code] = /^'([<>=|]?)(\w+)'$/.exec(descr) ?? [];
  const dtype = (Object.keys(npyTypes) as NpyType[]).find((type) => npyTypes[type].code === code);
  if (dtype === undefined)
    throw new FormatError("npy.dtype", `The array's type ${descr} can't be read.`, {
      hint: `Convert it to one of ${Object.keys(npyTypes).join(", ")}; objects and records are never read.`,
    });
  return { dtype, bigEndian: byteOrder === ">", fortranOrder: order === "True", shape: parseShape(sizes) };
}

function parseShape(sizes: string): readonly number[] {
  const shape = sizes
    .split(",")
    .map((size) => size.trim().replace(/L$/, ""))
    .filter((size, at, all) => size !== "" || at < all.length - 1)
    .map((size) => (size === "" ? Number.NaN : Number(size)));
  checkShape(shape);
  return shape;
}

function checkShape(shape: readonly number[]): void {
  if (shape.length > maximumRank) throw malformed(`it has ${shape.length} dims`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw malformed(`its shape is (${shape.join(", ")})`);
}

function truncated(what: string): FormatError {
  return new FormatError("npy.truncated", `The .npy file ends inside ${what}.`, {
    hint: "Save or copy the array again.",
  });
}

function malformed(problem: string): FormatError {
  return new FormatError("npy.malformed", `The .npy file can't be read: ${problem}.`, {
    hint: "Save the array again with numpy.save.",
  });
}
