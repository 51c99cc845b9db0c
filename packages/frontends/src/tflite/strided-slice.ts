import type { Dimension, Shape } from "@millrace/ir";

/** What is read along one axis: `size` elements from `start`, `step` apart. */
export interface Range {
  readonly start: number;
  readonly size: Dimension;
  readonly step: number;
}

interface StridedSlice {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly strides: readonly number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

/** Number of entries a specification can have: masks have a bit for each. */
const mostEntries = 31;

/**
 * The ranges a strided slice reads, one for each axis of `shape`, and the shape of its result. A bit of a mask belongs to an
 * entry of the specification: begin and end masks open a range, the ellipsis stands for all axes not named, a new axis reads
 * nothing and adds a size of 1, a shrunk axis reads one index and is dropped. Contradictions go to `wrong`.
 */
export function stridedRanges(
  shape: Shape,
  spec: StridedSlice,
  wrong: (why: string) => never,
): { readonly ranges: readonly Range[]; readonly result: Shape } {
  const entries = spec.begin.length;
  if (entries > mostEntries) wrong(`it has ${entries} entries, more than its masks have bits`);
  const bit = (mask: number, entry: number) => ((mask >> entry) & 1) === 1;
  const ellipsis = spec.begin.findIndex((_, entry) => bit(spec.ellipsisMask, entry));
  const adds = (entry: number) => entry !== ellipsis && bit(spec.newAxisMask, entry);
  const named = spec.begin.filter((_, entry) => entry !== ellipsis && !adds(entry)).length;
  if (named > shape.length) wrong(`it names ${named} axes of the ${shape.length} there are`);
  const ranges: Range[] = [];
  const result: Dimension[] = [];
  const readWhole = (count: number) => {
    for (const size of shape.slice(ranges.length, ranges.length + count)) {
      ranges.push({ start: 0, size, step: 1 });
      result.push(size);
    }
  };
  for (let entry = 0; entry < entries; entry++) {
    if (entry === ellipsis) readWhole(shape.length - named);
    else if (adds(entry)) result.push(1);
    else {
      const range = rangeOf(shape[ranges.length], entry, spec, bit, wrong);
      ranges.push(range);
      if (!bit(spec.shrinkAxisMask, entry)) result.push(range.size);
    }
  }
  readWhole(shape.length - ranges.length);
  return { ranges, result };
}

function rangeOf(
  length: Dimension,
  entry: number,
  spec: StridedSlice,
  bit: (mask: number, entry: number) => boolean,
  wrong: (why: string) => never,
): Range {
  const step = spec.strides[entry];
  if (step === 0) wrong("it has a step of 0");
  if (typeof length === "string") {
    const opens = bit(spec.beginMask, entry) || spec.begin[entry] === 0;
    if (opens && step === 1 && bit(spec.endMask, entry) && !bit(spec.shrinkAxisMask, entry))
      return { start: 0, size: length, step };
    return wrong(`it reads a part of an axis of the open size ${length}`);
  }
  const [least, most] = step > 0 ? [0, length] : [-1, length - 1];
  const [opening, closing] = step > 0 ? [least, most] : [most, least];
  const absolute = (value: number) => (value < 0 ? value + length : value);
  const within = (value: number) => Math.min(most, Math.max(least, absolute(value)));
  if (bit(spec.shrinkAxisMask, entry)) {
    const start = bit(spec.beginMask, entry) ? opening : absolute(spec.begin[entry]);
    if (!(start >= 0 && start < length)) wrong(`index ${spec.begin[entry]} is outside of an axis of ${length}`);
    return { start, size: 1, step: 1 };
  }
  const start = bit(spec.beginMask, entry) ? opening : within(spec.begin[entry]);
  const end = bit(spec.endMask, entry) ? closing : within(spec.end[entry]);
  const size = Math.max(0, Math.ceil((end - start) / step));
  return { start: size === 0 ? 0 : start, size, step };
}
