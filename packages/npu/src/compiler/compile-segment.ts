import type { Node, Value } from "@millrace/ir";
import type { KernelContext, MemoryPlan } from "@millrace/runtime";
import type { Command } from "../commands/command.ts";
import type { Buffer, MappingOptions, Place } from "../lowering/lowering.ts";
import type { Machine } from "../machine.ts";
import type { Program } from "../program/program.ts";
import { memoryBase } from "../simulator/memory.ts";
import { layOutConstants } from "./constants.ts";
import { draftCommands, type NodeDraft } from "./draft.ts";
import { layOutMemory, lifetimesOf, requireRoom } from "./lay-out.ts";
import { stageConstants } from "./stage.ts";

/** Nodes that the array computes in one go. */
export interface Segment {
  readonly nodes: readonly Node[];
  /** Values of other nodes that they read, and theirs that others read. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Where weights are when a model begins to run. */
export type WeightPlacement = "memory" | "storage";

export interface ScheduleOptions extends MappingOptions {
  readonly mode: string;
  readonly weights: WeightPlacement;
  /** Whether copies from storage go on while the array computes. */
  readonly overlapCopies: boolean;
  /** For the layout of memory. */
  readonly milliseconds: number;
}

export interface CompiledSegment extends Segment {
  readonly program: Program;
  /** The node of each command. */
  readonly nodeOf: readonly Node[];
  readonly plan: MemoryPlan;
}

/** Makes a program of a segment. Throws `npu.out-of-memory` where it does not fit. */
export function compileSegment(
  segment: Segment,
  machine: Machine,
  context: KernelContext,
  options: ScheduleOptions,
): CompiledSegment {
  const { commands: drafts, places } = draftCommands(segment.nodes, {
    machine,
    context,
    options,
    overheads: machine.modes[options.mode],
  });
  const { alignment } = machine.memory;
  const constants = layOutConstants(drafts, alignment);
  const boundary = {
    inputs: segment.inputs.flatMap((value) => places.get(value)?.buffer ?? []),
    outputs: segment.outputs.map((value) => places.get(value)!.buffer),
  };
  const stage = (ahead: number) =>
    stageConstants(drafts, constants, alignment, startOf(drafts, boundary, machine, ahead));
  const attempt = (stream: readonly NodeDraft[]) => {
    const lifetimes = lifetimesOf(stream, boundary);
    return { stream, lifetimes, layout: layOutMemory(lifetimes, machine, options.milliseconds) };
  };
  let result = attempt(options.weights === "memory" ? drafts : stage(options.overlapCopies ? 1 : 0));
  if (result.layout.plan.arenaBytes > machine.memory.bytes && options.weights === "storage") result = attempt(stage(0));
  const { stream, layout, lifetimes } = result;
  requireRoom(layout, lifetimes, machine);
  const addressOf = ({ buffer, offset }: Place) =>
    offset + (constants.offsets.get(buffer) ?? memoryBase + layout.offsets.get(buffer)!);
  const port = (value: Value) => {
    const place = places.get(value)!;
    return { address: addressOf(place), bytes: place.buffer.bytes };
  };
  return {
    ...segment,
    program: {
      machine: machine.name,
      mode: options.mode,
      memoryBytes: layout.plan.arenaBytes,
      inputs: segment.inputs.map(port),
      outputs: segment.outputs.map(port),
      commands: stream.map((draft) => linked(draft, addressOf)),
      constants: constants.contents,
    },
    nodeOf: stream.map(({ node }) => node),
    plan: layout.plan,
  };
}

function linked({ kind, fields }: NodeDraft, addressOf: (place: Place) => number): Command {
  const numbers = Object.entries(fields).map(([name, field]) => [
    name,
    typeof field === "number" ? field : addressOf(field),
  ]);
  return { kind, fields: Object.fromEntries(numbers) };
}

/** The command before which the copies for one begin: as early as `share` of the memory that is free all the while allows. */
function startOf(
  drafts: readonly NodeDraft[],
  boundary: { readonly inputs: readonly Buffer[]; readonly outputs: readonly Buffer[] },
  { memory }: Machine,
  share: number,
) {
  const live = new Float64Array(drafts.length);
  for (const [{ bytes }, { start, end }] of lifetimesOf(drafts, boundary))
    for (let at = start; at < Math.min(end, drafts.length); at++) live[at] += bytes;
  let earliest = 0;
  return (use: number, bytes: number) => {
    let start = use;
    while (share > 0 && start > earliest && live[start - 1] + bytes <= memory.bytes * share) start--;
    for (let at = start; at <= use; at++) live[at] += bytes;
    earliest = start;
    return start;
  };
}
