import type { Tensor } from "@millrace/ir";
import { DatasetError, naming } from "./error.ts";
import { type Files, readFile } from "./files.ts";
import { transposed } from "./fit.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, type Image, isPng } from "./png.ts";
import type { Source } from "./source.ts";
import type { SampleLayout } from "./stored.ts";

/**
 * A source over image files, decoded as they are asked for and never kept. An image of another size is cropped about its centre
 * to the aspect ratio of `shape` and resized bilinearly (half-pixel centres, rounded to nearest). Alpha is dropped, grey is
 * repeated as RGB, and RGB becomes grey as 0.299 R + 0.587 G + 0.114 B.
 *
 * @param names of the files, in the order of the samples
 * @param shape height, width and 1 or 3 channels, in the order of `layout`
 */
export function imageSource(
  files: Files,
  names: readonly string[],
  shape: readonly number[],
  layout: SampleLayout,
  folder: string,
): Source {
  const [height, width, channels] = layout === "HWC" ? shape : [shape[1], shape[2], shape[0]];
  const arrange = layout === "HWC" ? undefined : transposed(height * width, channels);
  return {
    count: names.length,
    shape,
    file: folder,
    fileOf: (index) => names[index],
    bytes: (index) => readFile(files, names[index]),
    async sample(index): Promise<Tensor> {
      const image = await decodeImage(await readFile(files, names[index]), names[index]);
      const { data } = resize(toChannels(image, channels), width, height);
      return { dtype: "u8", shape, data: arrange === undefined ? data : arrange("u8", data) };
    },
  };
}

/** Decodes a PNG or JPEG by its signature. Throws `data.bad-image` for anything else and for damaged files. */
export function decodeImage(bytes: Uint8Array, file: string): Promise<Image> {
  return naming(file, "data.bad-image", "Save the image again as an ordinary PNG or JPEG.", () => {
    if (isPng(bytes)) return decodePng(bytes, file);
    if (isJpeg(bytes)) return decodeJpeg(bytes);
    throw new DatasetError("data.bad-image", `${file} is neither a PNG nor a JPEG`, {
      hint: "Convert it to PNG or JPEG.",
      where: file,
    });
  });
}

/** The image as grey (1) or RGB (3). */
export function toChannels(image: Image, channels: number): Image {
  if (image.channels === channels) return image;
  const { width, height } = image;
  const data = new Uint8ClampedArray(width * height * channels);
  const colour = image.channels >= 3;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * image.channels;
    if (channels === 1 && colour) {
      data[pixel] = 0.299 * image.data[from] + 0.587 * image.data[from + 1] + 0.114 * image.data[from + 2];
    } else {
      for (let channel = 0; channel < channels; channel++)
        data[pixel * channels + channel] = image.data[from + (colour ? channel : 0)];
    }
  }
  return { width, height, channels, data: new Uint8Array(data.buffer) };
}

/** Crops about the centre to the aspect ratio of the new size, then interpolates bilinearly with half-pixel centres. */
export function resize(image: Image, width: number, height: number): Image {
  if (image.width === width && image.height === height) return image;
  const { channels, data } = image;
  const scale = Math.min(image.width / width, image.height / height);
  const columns = taps(width, scale, image.width);
  const rows = taps(height, scale, image.height);
  const result = new Uint8ClampedArray(width * height * channels);
  let out = 0;
  for (const row of rows) {
    for (const column of columns) {
      const topLeft = (row.low * image.width + column.low) * channels;
      const topRight = (row.low * image.width + column.high) * channels;
      const bottomLeft = (row.high * image.width + column.low) * channels;
      const bottomRight = (row.high * image.width + column.high) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const top = data[topLeft + channel] * (1 - column.weight) + data[topRight + channel] * column.weight;
        const bottom = data[bottomLeft + channel] * (1 - column.weight) + data[bottomRight + channel] * column.weight;
        result[out++] = top * (1 - row.weight) + bottom * row.weight;
      }
    }
  }
  return { width, height, channels, data: new Uint8Array(result.buffer) };
}

interface Tap {
  readonly low: number;
  readonly high: number;
  /** Of `high`; `low` has the rest. */
  readonly weight: number;
}

/** Where each of `size` positions lies on an axis of `length` pixels, of which the middle `size * scale` are used. */
function taps(size: number, scale: number, length: number): Tap[] {
  const start = (length - size * scale) / 2;
  return Array.from({ length: size }, (_, index) => {
    const centre = Math.min(Math.max(start + (index + 0.5) * scale - 0.5, 0), length - 1);
    const low = Math.floor(centre);
    return { low, high: Math.min(low + 1, length - 1), weight: centre - low };
  });
}
