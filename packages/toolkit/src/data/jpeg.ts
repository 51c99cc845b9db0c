import { decode } from "jpeg-js";
import type { Image } from "./png.ts";

interface Header {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Colour transform of an Adobe segment: 0 none, 1 YCbCr, 2 YCCK. */
  readonly adobeTransform: number | undefined;
  readonly scans: number;
}

const greatestPixels = 1 << 26;
const greatestWork = 1e9;
const greatestMegabytes = 512;

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Decodes a baseline or progressive JPEG to RGB, up to 2^26 pixels and 10^9 pixels times scans. YCbCr is turned to RGB by the
 * formula of JFIF, rounded to nearest; chroma of fewer pixels is repeated; an orientation tag is ignored. Throws an Error that
 * says what is wrong with the file.
 */
export function decodeJpeg(bytes: Uint8Array): Image {
  const header = headerOf(bytes);
  const pixels = header.width * header.height;
  if (pixels === 0 || pixels > greatestPixels)
    throw new Error(`its size ${header.width}x${header.height} is not between 1 and 2^26 pixels`);
  if (pixels * header.scans > greatestWork)
    throw new Error(`its ${header.scans} scans of ${pixels} pixels are more than is allowed`);
  const { width, height, data } = decodeComponents(bytes, header);
  if (header.components === 3 && header.adobeTransform === undefined) toRgb(data);
  return { width, height, channels: 3, data };
}

/** Three components as they are stored, any other number as RGB. */
function decodeComponents(bytes: Uint8Array, header: Header) {
  try {
    return decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      colorTransform: header.components === 3 ? false : undefined,
      maxResolutionInMP: greatestPixels / 1e6,
      maxMemoryUsageInMB: greatestMegabytes,
    });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new Error("its segments contradict each other", { cause: error });
    throw error;
  }
}

/** In place, by JFIF: R = Y + 1.402 Cr', G = Y - 0.344136 Cb' - 0.714136 Cr', B = Y + 1.772 Cb' with Cb' and Cr' less 128. */
function toRgb(data: Uint8Array): void {
  const pixels = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  for (let index = 0; index < data.length; index += 3) {
    const luma = data[index];
    const blue = data[index + 1] - 128;
    const red = data[index + 2] - 128;
    pixels[index] = luma + 1.402 * red;
    pixels[index + 1] = luma - 0.344136286 * blue - 0.714136286 * red;
    pixels[index + 2] = luma + 1.772 * blue;
  }
}

/** Walks the segments; the entropy-coded data of a scan ends at the next marker that is neither stuffing nor a restart. */
function headerOf(bytes: Uint8Array): Header {
  let frame = { width: 0, height: 0, components: 0 };
  let adobeTransform: number | undefined;
  let scans = 0;
  for (let offset = 2; offset + 4 <= bytes.length; ) {
    if (bytes[offset] !== 0xff || !isSegment(bytes[offset + 1])) {
      offset++;
      continue;
    }
    const marker = bytes[offset + 1];
    const length = (bytes[offset + 2] << 8) | bytes[offset + 3];
    const body = bytes.subarray(offset + 4, offset + 2 + length);
    if (isFrame(marker) && body.length >= 6) {
      frame = { height: (body[1] << 8) | body[2], width: (body[3] << 8) | body[4], components: body[5] };
    }
    if (marker === 0xee && String.fromCharCode(...body.subarray(0, 5)) === "Adobe") adobeTransform = body[11];
    if (marker === 0xda) scans++;
    offset += 2 + length;
  }
  return { ...frame, adobeTransform, scans };
}

function isSegment(marker: number): boolean {
  return marker >= 0xc0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd9);
}

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
