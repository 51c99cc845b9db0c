import { awaitTransfers } from "../../commands/transfer.ts";
import type { Buffer, Place } from "../../lowering/lowering.ts";
import type { NodeDraft } from "../draft.ts";
import type { Job } from "./job.ts";
import { incoming, liveTiles, outgoing, tileLives } from "./live.ts";

/** Bytes that a job takes out to a buffer of the outer memory. */
interface Out {
  readonly job: number;
  readonly start: number;
  readonly end: number;
}

/** When what a job needs is brought, and whether what the one before takes out has to be gone by then. */
interface Plan {
  readonly start: number;
  readonly drains: boolean;
}

/**
 * Commands with their transfers: what a job needs is brought as early as what is in memory then leaves room for it, in the order of the jobs, and what it
 * gives goes out beside the job behind it. `live` are the bytes of memory that are taken at each job whatever is brought.
 */
export function pipelined(jobs: readonly Job[], live: Float64Array, capacity: number): readonly NodeDraft[] {
  const plans = planned(jobs, live, capacity);
  const started = jobs.map((): number[] => []);
  for (const [job, { start }] of plans.entries()) started[start].push(job);
  const stream = new Stream();
  for (const [at, { command, outs }] of jobs.entries()) {
    stream.waitForJob(plans[at].drains ? at - 1 : at - 2, command);
    for (const job of started[at]) stream.bring(jobs[job].ins, job);
    stream.waitFor(at, command);
    stream.push(command);
    stream.take(outs, at);
  }
  return stream.drafts;
}

function planned(jobs: readonly Job[], taken: Float64Array, capacity: number): readonly Plan[] {
  const live = liveTiles(jobs, tileLives(jobs)).map((bytes, at) => bytes + taken[at]);
  const sources = sourcesOf(jobs);
  let earliest = 0;
  return jobs.map(({ ins }, at) => {
    const drains = at > 0 && live[at] > capacity && jobs[at - 1].outs.length > 0;
    if (drains) live[at] -= outgoing(jobs[at - 1].outs);
    const bytes = incoming(ins);
    const bound = Math.max(earliest, Math.min(at, sources[at] + 2));
    let start = at;
    while (start > bound && live[start - 1] + bytes <= capacity) start--;
    for (let before = start; before < at; before++) live[before] += bytes;
    earliest = start;
    return { start, drains };
  });
}

/** The last job of those that take out what a job brings in; -2 without one. */
function sourcesOf(jobs: readonly Job[]): readonly number[] {
  const taken = new Map<Buffer, Out[]>();
  return jobs.map(({ ins, outs }, job) => {
    const sources = ins.map(({ fields }) => lastMeeting(taken, fields)?.job ?? -2);
    for (const { fields } of outs) note(taken, fields, job);
    return Math.max(-2, ...sources);
  });
}

function note(taken: Map<Buffer, Out[]>, { to, bytes, runs, toStep }: NodeDraft["fields"], job: number): void {
  const { buffer, offset } = to as Place;
  const end = offset + ((runs as number) - 1) * (toStep as number) + (bytes as number);
  const own = taken.get(buffer);
  if (own) own.push({ job, start: offset, end });
  else taken.set(buffer, [{ job, start: offset, end }]);
}

function lastMeeting(
  taken: ReadonlyMap<Buffer, readonly Out[]>,
  { from, bytes }: NodeDraft["fields"],
): Out | undefined {
  const { buffer, offset } = from as Place;
  return taken.get(buffer)?.findLast(({ start, end }) => start < offset + (bytes as number) && offset < end);
}

/** Commands as they are written, with the waits that they need. */
class Stream {
  readonly drafts: NodeDraft[] = [];
  readonly #taken = new Map<Buffer, Out[]>();
  /** How many transfers there are when a job's own have been started, and when what it gives goes out. */
  readonly #brought: number[] = [];
  readonly #gone: number[] = [];
  #transfers = 0;
  #awaited = 0;

  push(draft: NodeDraft): void {
    this.drafts.push(draft);
  }

  bring(ins: Job["ins"], job: number): void {
    for (const draft of ins) {
      const source = lastMeeting(this.#taken, draft.fields);
      if (source) this.waitForJob(source.job, draft);
      this.#start(draft);
    }
    this.#brought[job] = ins.length === 0 ? 0 : this.#transfers;
  }

  take(outs: Job["outs"], job: number): void {
    for (const draft of outs) {
      this.#start(draft);
      note(this.#taken, draft.fields, job);
    }
    this.#gone[job] = outs.length === 0 ? 0 : this.#transfers;
  }

  /** Waits for what a job needs. */
  waitFor(job: number, command: NodeDraft): void {
    this.#wait(this.#brought[job] ?? 0, command);
  }

  /** Waits until what a job gives has gone out. */
  waitForJob(job: number, command: NodeDraft): void {
    this.#wait(this.#gone[job] ?? 0, command);
  }

  #start(draft: NodeDraft): void {
    this.#transfers++;
    this.push(draft);
  }

  #wait(transfers: number, { node }: NodeDraft): void {
    if (transfers <= this.#awaited) return;
    this.#awaited = transfers;
    this.push({ kind: awaitTransfers, fields: { transfers }, node });
  }
}
