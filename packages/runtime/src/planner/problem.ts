import type { ArenaBuffer } from "./buffer.ts";

/**
 * The buffers that take memory in the order of their start, with time reduced to sections: the moments whose live buffers no other
 * moment has all of. Two buffers are alive together if and only if their ranges of sections meet.
 */
export interface Problem {
  readonly count: number;
  readonly sections: number;
  /** First and last section of each buffer, both included. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly size: Float64Array;
  readonly alignment: Float64Array;
  /** Index of each buffer in the list that the problem was made from. */
  readonly source: Int32Array;
}

/** The problem of placing `buffers`, at multiples of `alignment` where they don't say. */
export function problemOf(buffers: readonly ArenaBuffer[], alignment: number): Problem {
  const source = Int32Array.from(buffers.keys()).filter((index) => buffers[index].size > 0);
  source.sort((a, b) => buffers[a].start - buffers[b].start || a - b);
  const { first, last, sections } = sectionsOf(buffers, source);
  return {
    count: source.length,
    sections,
    first: source.map((index) => first[index]),
    last: source.map((index) => last[index]),
    size: Float64Array.from(source, (index) => buffers[index].size),
    alignment: Float64Array.from(source, (index) => buffers[index].alignment ?? alignment),
    source,
  };
}

/** A section ends where a buffer ends after others have started. */
function sectionsOf(buffers: readonly ArenaBuffer[], starts: Int32Array) {
  const ends = starts.slice().sort((a, b) => buffers[a].end - buffers[b].end || a - b);
  const first = new Int32Array(buffers.length);
  const last = new Int32Array(buffers.length);
  let sections = 0;
  let started = 0;
  for (const index of ends) {
    const before = started;
    for (; started < starts.length && buffers[starts[started]].start < buffers[index].end; started++)
      first[starts[started]] = sections;
    if (started > before) sections++;
    last[index] = sections - 1;
  }
  return { first, last, sections };
}

/** Bytes alive in each section. */
export function liveBytes({ count, sections, first, last, size }: Problem): Float64Array {
  const change = new Float64Array(sections + 1);
  for (let index = 0; index < count; index++) {
    change[first[index]] += size[index];
    change[last[index] + 1] -= size[index];
  }
  const live = change.subarray(0, sections);
  for (let section = 1; section < sections; section++) live[section] += live[section - 1];
  return live;
}

/** Splits members, which ascend, where none of them lives across. */
export function independentParts({ first, last }: Problem, members: Int32Array): readonly Int32Array[] {
  const parts: Int32Array[] = [];
  let begin = 0;
  let reach = -1;
  for (let index = 0; index < members.length; index++) {
    if (first[members[index]] > reach && index > begin) {
      parts.push(members.subarray(begin, index));
      begin = index;
    }
    reach = Math.max(reach, last[members[index]]);
  }
  if (members.length > begin) parts.push(members.subarray(begin));
  return parts;
}
