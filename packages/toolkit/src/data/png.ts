import { inflate } from "./inflate.ts";

/** Decoded pixels, row by row, channels last: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/** Stored samples per pixel and allowed bit depths by PNG colour type. */
const colours: Readonly<Record<number, { readonly samples: number; readonly depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

const paletteColour = 3;
const greatestPixels = 1 << 26;
const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The passes of Adam7: first column and row, column and row steps. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes a PNG (ISO/IEC 15948) of any colour type, depth and interlacing, up to 2^26 pixels. 16-bit samples keep their high
 * byte, palettes become RGB, transparency by tRNS is ignored. Throws an Error that says what is wrong with the file.
 */
export async function decodePng(bytes: Uint8Array, file: string): Promise<Image> {
  const chunks = chunksOf(bytes);
  const header = headerOf(chunks.get("IHDR"));
  const { samples } = colours[header.colour];
  const passes = passesOf(header).map((pass) => ({
    ...pass,
    rowBytes: Math.ceil((pass.width * samples * header.depth) / 8),
  }));
  const size = passes.reduce((sum, { height, rowBytes }) => sum + height * (rowBytes + 1), 0);
  const packed = await inflate(concatenate(chunks.get("IDAT") ?? []), "deflate", { file, limit: size, expected: size });
  if (packed.length !== size) throw new Error(`its pixels are ${packed.length} bytes and should be ${size}`);
  const data = new Uint8Array(header.width * header.height * samples);
  let start = 0;
  for (const pass of passes) {
    const rows = packed.subarray(start, start + pass.height * (pass.rowBytes + 1));
    unfilter(rows, pass.rowBytes, Math.max(1, (samples * header.depth) >> 3));
    scatter(rows, pass, header, samples, data);
    start += rows.length;
  }
  const image = { width: header.width, height: header.height, channels: samples, data };
  return header.colour === paletteColour ? applyPalette(image, chunks.get("PLTE")?.[0]) : image;
}

interface Pass {
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
  readonly column: number;
  readonly row: number;
  readonly columnStep: number;
  readonly rowStep: number;
}

function chunksOf(bytes: Uint8Array): Map<string, Uint8Array[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array[]>();
  for (let offset = signature.length; offset + 12 <= bytes.length; ) {
    const length = view.getUint32(offset);
    const end = offset + 12 + length;
    if (end > bytes.length) throw new Error(`a chunk at byte ${offset} runs past the end of the file`);
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    const same = chunks.get(type);
    if (same === undefined) chunks.set(type, [bytes.subarray(offset + 8, end - 4)]);
    else same.push(bytes.subarray(offset + 8, end - 4));
    offset = end;
  }
  return chunks;
}

function headerOf(chunks: readonly Uint8Array[] | undefined): Header {
  const chunk = chunks?.[0];
  if (chunk?.length !== 13) throw new Error("its header (IHDR) is missing or damaged");
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const header = {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: chunk[8],
    colour: chunk[9],
    interlaced: chunk[12] === 1,
  };
  if (header.width === 0 || header.height === 0 || header.width * header.height > greatestPixels) {
    throw new Error(`its size ${header.width}x${header.height} is not between 1 and 2^26 pixels`);
  }
  if (!colours[header.colour]?.depths.includes(header.depth) || chunk[10] !== 0 || chunk[11] !== 0 || chunk[12] > 1) {
    throw new Error("its colour type, depth, compression, filter or interlacing is not one of the PNG standard");
  }
  return header;
}

function passesOf({ width, height, interlaced }: Header): Omit<Pass, "rowBytes">[] {
  return (interlaced ? adam7 : ([[0, 0, 1, 1]] as const))
    .map(([column, row, columnStep, rowStep]) => ({
      width: Math.ceil((width - column) / columnStep),
      height: Math.ceil((height - row) / rowStep),
      column,
      row,
      columnStep,
      rowStep,
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Undoes the filter of each row in place; a row is a filter byte and `rowBytes` bytes. */
function unfilter(rows: Uint8Array, rowBytes: number, pixelBytes: number): void {
  for (let start = 0; start < rows.length; start += rowBytes + 1) {
    const predict = predictors[rows[start]];
    if (predict === undefined) throw new Error(`a row has the unknown filter ${rows[start]}`);
    for (let index = 0; index < rowBytes; index++) {
      const at = start + 1 + index;
      const above = at - rowBytes - 1;
      const left = index >= pixelBytes ? rows[at - pixelBytes] : 0;
      const up = start > 0 ? rows[above] : 0;
      const diagonal = start > 0 && index >= pixelBytes ? rows[above - pixelBytes] : 0;
      rows[at] += predict(left, up, diagonal);
    }
  }
}

/** By filter type: none, sub, up, average, Paeth. */
const predictors: readonly ((left: number, up: number, diagonal: number) => number)[] = [
  () => 0,
  (left) => left,
  (_left, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, diagonal) => {
    const toLeft = Math.abs(up - diagonal);
    const toUp = Math.abs(left - diagonal);
    const toDiagonal = Math.abs(left + up - 2 * diagonal);
    if (toLeft <= toUp && toLeft <= toDiagonal) return left;
    return toUp <= toDiagonal ? up : diagonal;
  },
];

/** Writes the samples of a pass to their places, as 8 bits each; palette indices stay as they are. */
function scatter(
  rows: Uint8Array,
  pass: Pass,
  { width, depth, colour }: Header,
  samples: number,
  data: Uint8Array,
): void {
  const gain = depth < 8 && colour !== paletteColour ? 255 / (2 ** depth - 1) : 1;
  const mask = 2 ** depth - 1;
  for (let y = 0; y < pass.height; y++) {
    const row = rows.subarray(y * (pass.rowBytes + 1) + 1, (y + 1) * (pass.rowBytes + 1));
    const line = (pass.row + y * pass.rowStep) * width + pass.column;
    for (let index = 0; index < pass.width * samples; index++) {
      const bit = index * depth;
      const stored = depth < 8 ? (row[bit >> 3] >> (8 - depth - (bit & 7))) & mask : row[bit >> 3];
      const x = Math.floor(index / samples);
      data[(line + x * pass.columnStep) * samples + (index % samples)] = stored * gain;
    }
  }
}

function applyPalette({ width, height, data }: Image, palette: Uint8Array | undefined): Image {
  if (palette === undefined) throw new Error("its palette (PLTE) is missing");
  const colour = new Uint8Array(data.length * 3);
  for (let pixel = 0; pixel < data.length; pixel++) {
    if (data[pixel] * 3 + 3 > palette.length) throw new Error(`its palette has no entry ${data[pixel]}`);
    colour.set(palette.subarray(data[pixel] * 3, data[pixel] * 3 + 3), pixel * 3);
  }
  return { width, height, channels: 3, data: colour };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
