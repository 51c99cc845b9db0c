import type { Buffer, Place } from "../../lowering/lowering.ts";
import { buffersOf } from "../draft.ts";
import type { Job } from "./job.ts";

/** From which job to which, both included, a tile is in memory if what comes in does so just ahead of its job. */
export interface TileLife {
  readonly first: number;
  last: number;
}

/** Tiles of jobs, which are what transfers bring to memory or take from there. */
export function tileLives(jobs: readonly Job[]): ReadonlyMap<Buffer, TileLife> {
  const lives = new Map<Buffer, TileLife>();
  const tiles = new Set<Buffer>();
  for (const { ins, outs } of jobs) {
    for (const { fields } of ins) tiles.add((fields.to as Place).buffer);
    for (const { fields } of outs) tiles.add((fields.from as Place).buffer);
  }
  for (const [at, { command }] of jobs.entries()) {
    for (const buffer of buffersOf(command)) {
      if (!tiles.has(buffer)) continue;
      const life = lives.get(buffer);
      if (life) life.last = at;
      else lives.set(buffer, { first: at, last: at });
    }
  }
  return lives;
}

/** Bytes of tiles at each job, where those that go out are there for a job longer. */
export function liveTiles(jobs: readonly Job[], lives: ReadonlyMap<Buffer, TileLife>): Float64Array {
  const changes = new Float64Array(jobs.length + 2);
  for (const [{ bytes }, { first, last }] of lives) {
    changes[first] += bytes;
    changes[last + 1] -= bytes;
  }
  for (const [at, { outs }] of jobs.entries()) {
    const bytes = outgoing(outs);
    changes[at + 1] += bytes;
    changes[at + 2] -= bytes;
  }
  let live = 0;
  return Float64Array.from(jobs, (_, at) => {
    live += changes[at];
    return live;
  });
}

/** Bytes of the tiles that transfers bring. */
export function incoming(ins: Job["ins"]): number {
  return ins.reduce((sum, { fields }) => sum + (fields.to as Place).buffer.bytes, 0);
}

/** Bytes of the tiles that transfers take out. */
export function outgoing(outs: Job["outs"]): number {
  const tiles = new Set(outs.map(({ fields }) => (fields.from as Place).buffer));
  return [...tiles].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The most bytes of tiles at once where each job's come and go before the next one's. */
export function bytesAlone(jobs: readonly Job[]): number {
  const live = liveTiles(
    jobs.map((job) => ({ ...job, outs: [] })),
    tileLives(jobs),
  );
  return live.reduce((most, bytes) => Math.max(most, bytes), 0);
}

/** The most bytes of tiles at once where each job's come in during the one before. */
export function bytesAtOnce(jobs: readonly Job[]): number {
  const live = liveTiles(jobs, tileLives(jobs));
  return live.reduce(
    (most, bytes, at) => Math.max(most, bytes + (at + 1 < jobs.length ? incoming(jobs[at + 1].ins) : 0)),
    0,
  );
}
