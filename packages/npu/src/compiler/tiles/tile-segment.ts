import type { Node } from "@millrace/ir";
import type { Buffer } from "../../lowering/lowering.ts";
import type { Machine } from "../../machine.ts";
import type { NodeDraft } from "../draft.ts";
import { type Boundary, type Layout, layOutMemory, lifetimesOf, requireRoom } from "../lay-out.ts";
import { NodeRefusal } from "../node-refusal.ts";
import { BundledConstants } from "./bundles.ts";
import { type Division, divided } from "./divide.ts";
import { type Group, groupsOf } from "./group.ts";
import { type Job, refuseFar } from "./job.ts";
import { pipelined } from "./pipeline.ts";
import { type Residence, residenceOf } from "./residence.ts";

/** Commands of a machine with an outer memory, and where buffers lie in either. */
export interface Tiled {
  readonly stream: readonly NodeDraft[];
  readonly layout: Layout;
  readonly outer: Layout;
}

interface TileOptions {
  readonly mode: string;
  /** Whether constants have to be copied to the memory of the array. */
  readonly staged: boolean;
  readonly milliseconds: number;
  /** The node to refuse where there are no commands. */
  readonly only: Node;
}

/** Shares of the memory that tiles and values may fill: less where they can't be laid out as tightly. */
const shares = [1, 0.85, 0.7, 0.5];

/**
 * Divides commands into tiles that fit in the memory of the array together with the values that stay there. Everything else lies in the outer memory, from
 * where transfers bring tiles and where they take them. Refuses nodes for which there is no room.
 */
export function tileSegment(
  drafts: readonly NodeDraft[],
  boundary: Boundary,
  machine: Machine,
  capacity: number,
  options: TileOptions,
): Tiled {
  const groups = groupsOf(drafts, machine);
  const { alignment } = machine.memory;
  for (const [index, share] of shares.entries()) {
    const stream = streamOf(groups, boundary, machine, capacity * share, options);
    const lifetimes = lifetimesOf(stream.drafts, boundary);
    const inner = new Map([...lifetimes].filter(([buffer]) => !stream.far.has(buffer)));
    const milliseconds = options.milliseconds / 2;
    const layout = layOutMemory(inner, { alignment, capacity, milliseconds });
    if (layout.plan.arenaBytes > capacity) {
      if (index === shares.length - 1) requireRoom(layout, inner, stream.drafts, capacity, options.only);
      continue;
    }
    const far = new Map([...lifetimes].filter(([buffer]) => stream.far.has(buffer)));
    const outer = layOutMemory(far, { alignment, capacity: machine.outer!.bytes, milliseconds });
    requireRoom(outer, far, stream.drafts, machine.outer!.bytes, options.only);
    return { stream: stream.drafts, layout, outer };
  }
  throw new Error("there is no way to place tiles");
}

/** Commands for tiles and values that take no more than `capacity` bytes, however they are laid out, and what lies in the outer memory. */
function streamOf(
  groups: readonly Group[],
  boundary: Boundary,
  machine: Machine,
  capacity: number,
  { mode, staged }: TileOptions,
) {
  const constants = new BundledConstants(machine.memory.alignment);
  const dividedBeside = ({ near, live }: Residence) => {
    const surroundings = { machine, near, staged, constants };
    return groups.map((group, at) => divided(group, capacity - live[at], surroundings, machine.modes[mode]));
  };
  const preferred = residenceOf(groups, boundary, machine, capacity);
  const first = dividedBeside(preferred);
  const undivided = groups.filter((_, at) => typeof first[at] === "string");
  const isFarRefused = (group: Group) => refuseFar(group, { machine, near: preferred.near }) !== undefined;
  const wishes = {
    alone: new Set(undivided.filter((group) => !isFarRefused(group))),
    near: new Set(undivided.filter(isFarRefused).map(({ output }) => output)),
  };
  const isDivided = undivided.length === 0;
  const residence = isDivided ? preferred : residenceOf(groups, boundary, machine, capacity, wishes);
  const byGroup = isDivided ? first : dividedBeside(residence);
  refuseUndivided(groups, byGroup);
  const jobs = byGroup.flatMap((own) => own as readonly Job[]);
  const taken = Float64Array.from(byGroup.flatMap((own, at) => (own as readonly Job[]).map(() => residence.live[at])));
  const far = new Set<Buffer>([...boundary.inputs, ...boundary.outputs, ...groups.map(({ output }) => output)]);
  for (const buffer of residence.near) far.delete(buffer);
  return { drafts: pipelined(jobs, taken, capacity), far };
}

/** Refuses the nodes of all groups that have a reason in the place of jobs. */
function refuseUndivided(groups: readonly Group[], byGroup: readonly Division[]): void {
  const hint = "use a smaller input or a narrower network";
  const refusals = groups.flatMap(({ node }, at) => {
    const reason = byGroup[at];
    return typeof reason === "string" ? [new NodeRefusal(node, "npu.not-tiled", reason, hint)] : [];
  });
  if (refusals.length === 0) return;
  const [{ node, reason }, ...others] = refusals;
  throw new NodeRefusal(node, "npu.not-tiled", reason, hint, others);
}
