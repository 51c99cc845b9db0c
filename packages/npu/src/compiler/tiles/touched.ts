import { type Buffer, placedFields } from "../../lowering/lowering.ts";
import type { Machine } from "../../machine.ts";
import { type Region, spanOf } from "../../region.ts";
import { buffersOf, type NodeDraft } from "../draft.ts";

/** Bytes of a buffer, whose first has the address 0. */
export interface Touched {
  readonly buffer: Buffer;
  readonly region: Region;
}

/** Far more than a buffer has; buffers lie at addresses below 0, so that none is taken for what goes on in line. */
const spacing = 2 ** 40;

/** What a command reads and writes before memory is laid out. */
export function touchedBy(draft: NodeDraft, machine: Machine) {
  const { kind } = draft;
  const buffers = [...new Set(buffersOf(draft))];
  const bases = new Map(buffers.map((buffer, index) => [buffer, -(index + 1) * spacing]));
  const fields = placedFields(draft.fields, ({ buffer, offset }) => bases.get(buffer)! + offset);
  const touched = (regions: readonly Region[]): readonly Touched[] =>
    regions
      .filter(({ bytes }) => bytes > 0)
      .map((region) => {
        const index = -Math.floor(region.address / spacing);
        return { buffer: buffers[index - 1], region: { ...region, address: region.address + index * spacing } };
      });
  return { reads: touched(kind.reads(fields, machine)), writes: touched(kind.writes(fields)) };
}

/** From the first byte to the last, not included. */
export function hullOf(touched: readonly Touched[]): readonly [start: number, end: number] {
  const starts = touched.map(({ region }) => region.address);
  const ends = touched.map(({ region }) => region.address + spanOf(region));
  return [Math.min(...starts), Math.max(...ends)];
}

export function byBuffer(touched: readonly Touched[]): ReadonlyMap<Buffer, readonly Touched[]> {
  const result = new Map<Buffer, Touched[]>();
  for (const each of touched) {
    const own = result.get(each.buffer);
    if (own) own.push(each);
    else result.set(each.buffer, [each]);
  }
  return result;
}
