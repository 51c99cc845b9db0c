import type { Node, Value } from "@millrace/ir";
import type { KernelContext } from "@millrace/runtime";
import { type MappingOptions, type Place, placedFields } from "../lowering/lowering.ts";
import type { Machine } from "../machine.ts";
import type { Program } from "../program/program.ts";
import { memoryBase, outerBase } from "../simulator/memory.ts";
import { applyFeatures } from "./apply-features.ts";
import { type Constants, layOutConstants } from "./constants.ts";
import { type CopyProblem, type CopySchedule, copyProblemOf } from "./copy-problem.ts";
import { earliestStarts, startsAtUse } from "./copy-starts.ts";
import { draftCommands, type NodeDraft, valueBytes } from "./draft.ts";
import { type Boundary, type Layout, layOutMemory, lifetimesOf, liveBytes, requireRoom } from "./lay-out.ts";
import { NodeRefusal } from "./node-refusal.ts";
import { stageConstants } from "./stage.ts";
import { tileSegment } from "./tiles/tile-segment.ts";

/** Nodes that the array computes in one go. */
export interface Segment {
  readonly nodes: readonly Node[];
  /** Values of other nodes that they read, and theirs that others read. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Where weights are when an inference begins; in memory if they fit there with `automatic`. */
export type WeightPlacement = "automatic" | "memory" | "storage";

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
  readonly memory: MemoryUse;
  /** Bytes of copied constants that another schedule could leave in memory. */
  readonly couldStay: number;
  /** What the level `optimal` found out. */
  readonly search?: Search;
}

/** What the level `optimal` found out of a program. */
export interface Search {
  /** No schedule of the commands and their copies takes fewer cycles. */
  readonly boundCycles: number;
  readonly seconds: number;
}

/** Memory of a program and of the constants that stay there. */
export interface MemoryUse {
  readonly bytes: number;
  /** What is alive at once, at most, in this order of commands and copies. */
  readonly lowerBoundBytes: number;
  /** Whether no layout is proven to take less. */
  readonly optimal: boolean;
}

/** Commands of a segment that lie nowhere yet. */
export interface SegmentDraft {
  readonly segment: Segment;
  readonly commands: readonly NodeDraft[];
  readonly places: ReadonlyMap<Value, Place>;
  readonly constants: Constants;
  readonly boundary: Boundary;
}

/** Makes a program of a segment. Throws `npu.out-of-memory` where it does not fit. */
export function compileSegment(
  segment: Segment,
  machine: Machine,
  context: KernelContext,
  options: ScheduleOptions,
): CompiledSegment {
  const apart = new Set<Node>();
  for (;;) {
    const draft = draftSegment(segment, machine, context, options, apart);
    try {
      return assemble(draft, (machine.outer ? tiled : placed)(draft, machine, options), machine, options);
    } catch (error) {
      const undivided = machine.outer && error instanceof NodeRefusal ? undividedNodes(draft, error) : [];
      if (undivided.length === 0) throw error;
      for (const node of undivided) apart.add(node);
    }
  }
}

/** Nodes that were refused and whose commands features made such as can't be divided into tiles. */
function undividedNodes({ commands }: SegmentDraft, refusal: NodeRefusal): readonly Node[] {
  const refused = new Set([refusal, ...refusal.others].map(({ node }) => node));
  const whole = commands.filter(({ kind, fields }) => kind.parts !== undefined || Number(fields.weightBytes) > 0);
  return whole.map(({ node }) => node).filter((node) => refused.has(node));
}

export function draftSegment(
  segment: Segment,
  machine: Machine,
  context: KernelContext,
  options: ScheduleOptions,
  apart: ReadonlySet<Node> = new Set(),
): SegmentDraft {
  const overheads = machine.modes[options.mode];
  const { commands: written, places } = draftCommands(segment.nodes, { machine, context, options, overheads });
  const boundary = {
    inputs: segment.inputs.flatMap((value) => places.get(value)?.buffer ?? []),
    outputs: segment.outputs.map((value) => places.get(value)!.buffer),
  };
  const commands = applyFeatures(written, new Set(boundary.outputs), machine, overheads, apart);
  return { segment, commands, places, constants: layOutConstants(commands, machine.memory.alignment), boundary };
}

/** Commands with those that copy constants, and where all buffers lie. */
export interface Placed {
  readonly stream: readonly NodeDraft[];
  readonly layout: Layout;
  /** Bytes of constants that are in memory all the while. */
  readonly residentBytes: number;
  /** Where a machine has an outer memory: what lies there, and the constants as tiles need them. */
  readonly beyond?: { readonly outer: Layout; readonly constants: Constants };
}

/** The program of commands that have places. */
export function assemble(
  { segment, commands, places, boundary, ...draft }: SegmentDraft,
  { stream, layout, residentBytes, beyond }: Placed,
  machine: Machine,
  { mode, weights }: ScheduleOptions,
): CompiledSegment {
  const constants = beyond?.constants ?? draft.constants;
  const addressOf = ({ buffer, offset }: Place) => {
    const near = layout.offsets.get(buffer);
    const inside = near === undefined ? constants.offsets.get(buffer) : memoryBase + near;
    return offset + (inside ?? outerBase + beyond!.outer.offsets.get(buffer)!);
  };
  const port = (value: Value) => ({ address: addressOf(places.get(value)!), bytes: valueBytes(value) });
  const { arenaBytes, lowerBoundBytes, optimal } = layout.plan;
  const room =
    machine.memory.bytes -
    liveBytes(lifetimesOf(commands, boundary), commands.length).reduce((most, bytes) => Math.max(most, bytes), 0);
  return {
    ...segment,
    program: {
      machine: machine.name,
      mode,
      memoryBytes: arenaBytes,
      outerBytes: beyond?.outer.plan.arenaBytes ?? 0,
      inputs: segment.inputs.map(port),
      outputs: segment.outputs.map(port),
      commands: stream.map(({ kind, fields }) => ({ kind, fields: placedFields(fields, addressOf) })),
      constants: constants.contents,
    },
    nodeOf: stream.map(({ node }) => node),
    memory: { bytes: arenaBytes + residentBytes, lowerBoundBytes: lowerBoundBytes + residentBytes, optimal },
    couldStay: weights === "automatic" && !beyond ? Math.max(0, room - residentBytes) : 0,
  };
}

/** The commands in tiles, with those that copy them and constants. These come from storage all the while, unless they are to be in memory. */
function tiled(
  { segment, commands, constants, boundary }: SegmentDraft,
  machine: Machine,
  { mode, weights, milliseconds }: ScheduleOptions,
): Placed {
  const { memory, storage } = machine;
  const isResident = weights === "memory";
  const residentBytes = isResident && !storage.direct ? constants.contents.length : 0;
  const options = { mode, staged: !isResident && !storage.direct, milliseconds, only: segment.nodes[0] };
  const { stream, layout, outer } = tileSegment(commands, boundary, machine, memory.bytes - residentBytes, options);
  return { stream, layout, residentBytes, beyond: { outer, constants: layOutConstants(stream, memory.alignment) } };
}

/** The first way that fits of those that the options allow. */
function placed(draft: SegmentDraft, machine: Machine, options: ScheduleOptions): Placed {
  const { weights, overlapCopies, milliseconds } = options;
  const problem = copyProblemOf(draft, machine, options);
  const none = new Set<number>();
  const early = (share: number) => () => {
    const starts = earliestStarts({ ...problem, capacity: problem.capacity * share }, none);
    return { starts, resident: none };
  };
  const ways: readonly (() => CopySchedule)[] = [
    ...(weights === "storage"
      ? []
      : [() => ({ starts: startsAtUse(problem), resident: new Set(problem.groups.keys()) })]),
    ...(weights === "memory" || !overlapCopies ? [] : sharesOfMemory.map(early)),
    ...(weights === "memory" ? [] : [() => ({ starts: startsAtUse(problem), resident: none })]),
  ];
  for (const [index, way] of ways.entries()) {
    const result = place(draft, problem, way(), machine, milliseconds);
    const { arenaBytes } = result.layout.plan;
    const capacity = machine.memory.bytes - result.residentBytes;
    if (arenaBytes <= capacity) return result;
    if (index < ways.length - 1) continue;
    const { stream, layout } = result;
    requireRoom(layout, lifetimesOf(stream, draft.boundary), stream, capacity, draft.segment.nodes[0]);
  }
  throw new Error("there is no way to place weights");
}

/** How much of the memory is counted on, as its layout may leave gaps. */
const sharesOfMemory = [1, 0.9, 0.8];

/** Commands with the copies of a schedule, laid out in as many bytes as there are if that can be found in so many milliseconds. */
export function place(
  { commands, constants, boundary }: SegmentDraft,
  { copies, groups }: CopyProblem,
  { starts, resident }: CopySchedule,
  { memory }: Machine,
  milliseconds: number,
): Placed {
  const startOf = new Map(copies.map(({ use }, index) => [use, starts[index]]));
  const staying = [...resident].map((group) => groups[group]);
  const stream = stageConstants(commands, constants, memory.alignment, {
    startOf: (use) => startOf.get(use)!,
    resident: new Set(staying.flatMap(({ buffers }) => buffers)),
  });
  const residentBytes = staying.reduce((sum, { bytes }) => sum + bytes, 0);
  const capacity = memory.bytes - residentBytes;
  const layout = layOutMemory(lifetimesOf(stream, boundary), { alignment: memory.alignment, capacity, milliseconds });
  return { stream, layout, residentBytes };
}
