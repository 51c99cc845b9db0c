import type { Node, Value } from "@millrace/ir";
import type { KernelContext } from "@millrace/runtime";
import { type MappingOptions, type Place, placedFields } from "../lowering/lowering.ts";
import type { Machine } from "../machine.ts";
import type { Program } from "../program/program.ts";
import { memoryBase } from "../simulator/memory.ts";
import { applyFeatures } from "./apply-features.ts";
import { type Constants, layOutConstants } from "./constants.ts";
import { draftCommands, type NodeDraft, valueBytes } from "./draft.ts";
import { type Boundary, type Layout, layOutMemory, lifetimesOf, liveBytes, requireRoom } from "./lay-out.ts";
import { stageConstants } from "./stage.ts";

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
}

/** Makes a program of a segment. Throws `npu.out-of-memory` where it does not fit. */
export function compileSegment(
  segment: Segment,
  machine: Machine,
  context: KernelContext,
  options: ScheduleOptions,
): CompiledSegment {
  const overheads = machine.modes[options.mode];
  const { commands, places } = draftCommands(segment.nodes, { machine, context, options, overheads });
  const boundary = {
    inputs: segment.inputs.flatMap((value) => places.get(value)?.buffer ?? []),
    outputs: segment.outputs.map((value) => places.get(value)!.buffer),
  };
  const drafts = applyFeatures(commands, new Set(boundary.outputs), machine, overheads);
  const constants = layOutConstants(drafts, machine.memory.alignment);
  const { stream, layout } = placed(drafts, constants, boundary, machine, options);
  const addressOf = ({ buffer, offset }: Place) =>
    offset + (constants.offsets.get(buffer) ?? memoryBase + layout.offsets.get(buffer)!);
  const port = (value: Value) => ({ address: addressOf(places.get(value)!), bytes: valueBytes(value) });
  return {
    ...segment,
    program: {
      machine: machine.name,
      mode: options.mode,
      memoryBytes: layout.plan.arenaBytes,
      outerBytes: 0,
      inputs: segment.inputs.map(port),
      outputs: segment.outputs.map(port),
      commands: stream.map(({ kind, fields }) => ({ kind, fields: placedFields(fields, addressOf) })),
      constants: constants.contents,
    },
    nodeOf: stream.map(({ node }) => node),
  };
}

interface Placed {
  readonly stream: readonly NodeDraft[];
  readonly layout: Layout;
}

/** The commands with those that copy constants, and where all buffers lie: the first way that fits of those that the options allow. */
function placed(
  drafts: readonly NodeDraft[],
  constants: Constants,
  boundary: Boundary,
  machine: Machine,
  { weights, overlapCopies, milliseconds }: ScheduleOptions,
): Placed {
  const { alignment, bytes } = machine.memory;
  const staged = (ahead: number) => ({
    stream: stageConstants(drafts, constants, alignment, startOf(drafts, boundary, bytes * ahead)),
    capacity: bytes,
  });
  const resident = machine.storage.direct ? 0 : constants.contents.length;
  const ways = [
    ...(weights === "storage" ? [] : [() => ({ stream: drafts, capacity: bytes - resident })]),
    ...(weights === "memory" ? [] : [...(overlapCopies ? [() => staged(1)] : []), () => staged(0)]),
  ];
  for (const [index, way] of ways.entries()) {
    const { stream, capacity } = way();
    const lifetimes = lifetimesOf(stream, boundary);
    const layout = layOutMemory(lifetimes, { alignment, capacity, milliseconds });
    if (layout.plan.arenaBytes <= capacity) return { stream, layout };
    if (index === ways.length - 1) requireRoom(layout, lifetimes, stream, capacity);
  }
  throw new Error("there is no way to place weights");
}

/** The command before which the copies for one begin: as early as keeps what is needed all the while within `budget` bytes. */
function startOf(drafts: readonly NodeDraft[], boundary: Boundary, budget: number) {
  const live = liveBytes(lifetimesOf(drafts, boundary), drafts.length);
  let earliest = 0;
  return (use: number, bytes: number) => {
    let start = use;
    while (start > earliest && live[start - 1] + bytes <= budget) start--;
    for (let at = start; at <= use; at++) live[at] += bytes;
    earliest = start;
    return start;
  };
}
