import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { decodeImage, resize, toChannels } from "./image.ts";
import type { Image } from "./png.ts";
import { errorOf } from "./test-data.ts";

function grey(width: number, height: number, values: readonly number[]): Image {
  return { width, height, channels: 1, data: Uint8Array.from(values) };
}

function jpegOf(width: number, height: number, pixel: (x: number, y: number) => readonly number[]): Uint8Array {
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => [...pixel(x, y), 255]).flat(),
  );
  return new Uint8Array(encode({ width, height, data: Uint8Array.from(rows.flat()) }, 100).data);
}

/** The same file with an Adobe segment that says its three components are RGB. */
function asRgb(jpeg: Uint8Array): Uint8Array {
  const adobe = [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 0];
  return Uint8Array.from([...jpeg.subarray(0, 2), ...adobe, ...jpeg.subarray(2)]);
}

describe("images", () => {
  it("keeps an image of the right size", () => {
    const image = grey(2, 1, [1, 2]);
    expect(resize(image, 2, 1)).toBe(image);
  });

  it("interpolates at half-pixel centres", () => {
    expect([
      ...resize(
        grey(
          4,
          4,
          Array.from({ length: 16 }, (_, index) => (index % 4) * 40),
        ),
        2,
        2,
      ).data,
    ]).toEqual([20, 100, 20, 100]);
    expect([...resize(grey(2, 2, [0, 80, 0, 80]), 4, 4).data.subarray(0, 4)]).toEqual([0, 20, 60, 80]);
  });

  it("crops about the centre to the aspect ratio", () => {
    const wide = grey(6, 2, [9, 9, 1, 2, 9, 9, 9, 9, 3, 4, 9, 9]);
    expect([...resize(wide, 2, 2).data]).toEqual([1, 2, 3, 4]);
    const tall = grey(2, 6, [9, 9, 9, 9, 1, 2, 3, 4, 9, 9, 9, 9]);
    expect([...resize(tall, 2, 2).data]).toEqual([1, 2, 3, 4]);
  });

  it("turns colour to grey and grey to colour, without alpha", () => {
    const colour: Image = { width: 1, height: 1, channels: 4, data: Uint8Array.of(100, 50, 200, 7) };
    expect([...toChannels(colour, 1).data]).toEqual([82]);
    expect([...toChannels(colour, 3).data]).toEqual([100, 50, 200]);
    expect([...toChannels({ width: 1, height: 1, channels: 2, data: Uint8Array.of(9, 7) }, 3).data]).toEqual([9, 9, 9]);
  });

  it("decodes a JPEG near to what was encoded, without darkening it", async () => {
    const pixel = (x: number, y: number) => [40 + x * 6, 200 - y * 5, 90 + x * 2 + y];
    const { width, height, channels, data } = await decodeImage(jpegOf(20, 17, pixel), "x.jpg");
    expect([width, height, channels]).toEqual([20, 17, 3]);
    let sum = 0;
    for (let index = 0; index < data.length; index++) {
      const at = Math.floor(index / 3);
      const difference = data[index] - pixel(at % 20, Math.floor(at / 20))[index % 3];
      expect(Math.abs(difference)).toBeLessThanOrEqual(4);
      sum += difference;
    }
    expect(Math.abs(sum / data.length)).toBeLessThan(0.25);
  });

  it("does not convert a JPEG whose components are RGB already", async () => {
    const file = jpegOf(8, 8, () => [200, 30, 60]);
    const { data } = await decodeImage(asRgb(file), "x.jpg");
    const luma = 0.299 * 200 + 0.587 * 30 + 0.114 * 60;
    [luma, 128 + (60 - luma) / 1.772, 128 + (200 - luma) / 1.402].forEach((expected, channel) => {
      expect(Math.abs(data[channel] - expected)).toBeLessThan(3);
    });
  });

  it("names the file that is no image, or a damaged one", async () => {
    const unknown = await errorOf(() => decodeImage(Uint8Array.of(1, 2, 3), "a/x.bmp"));
    expect([unknown.code, unknown.where]).toEqual(["data.bad-image", "a/x.bmp"]);
    const file = jpegOf(16, 16, (x, y) => [x * 9, y * 9, 0]);
    const short = await errorOf(() => decodeImage(file.subarray(0, 200), "x.jpg"));
    expect([short.code, short.where]).toEqual(["data.bad-image", "x.jpg"]);
    const start = file.findIndex((byte, index) => byte === 0xff && file[index + 1] === 0xc0);
    const huge = await errorOf(() => decodeImage(file.with(start + 5, 0xff).with(start + 7, 0xff), "x.jpg"));
    expect(huge.message).toContain("2^26");
  });

  it("ends on every changed byte of a JPEG, in pixels or in an error with a code", async () => {
    const file = jpegOf(16, 16, (x, y) => [x * 9, y * 9, 0]);
    for (let index = 2; index < file.length; index += 3) {
      const outcome = await decodeImage(file.with(index, file[index] ^ 0x55), "x.jpg").catch(
        (error: { code: string }) => error,
      );
      if (!("data" in outcome)) expect(outcome.code).toBe("data.bad-image");
    }
  });
});
