import { elementCount, type Node, storageBytes, type Value } from "@millrace/ir";
import type { KernelContext } from "@millrace/runtime";
import type { CommandKind } from "../commands/command.ts";
import {
  type Buffer,
  type Draft,
  type Lowering,
  type MappingOptions,
  type Place,
  placedFields,
  type Writer,
} from "../lowering/lowering.ts";
import { sizesOf } from "../lowering/shared-rules.ts";
import { lowerings } from "../lowering/table.ts";
import type { Machine, Overheads } from "../machine.ts";
import { NodeRefusal } from "./node-refusal.ts";

/** A command before memory is laid out, and the node that it is of. */
export interface NodeDraft extends Draft {
  readonly node: Node;
}

/** The commands of some nodes, and where their values lie. */
export interface Drafts {
  readonly commands: readonly NodeDraft[];
  readonly places: ReadonlyMap<Value, Place>;
}

interface Settings {
  readonly machine: Machine;
  readonly context: KernelContext;
  readonly options: MappingOptions;
  readonly overheads: Overheads;
}

/** Writes the commands of nodes, in their order, which the machine all can compute. */
export function draftCommands(nodes: readonly Node[], settings: Settings): Drafts {
  const places = new Map<Value, Place>();
  const commands: NodeDraft[] = [];
  const bufferOf = (name: string, bytes: number, contents?: Uint8Array): Place => ({
    buffer: { name, bytes, ...(contents && { contents }) },
    offset: 0,
  });
  const newPlace = (value: Value): Place =>
    value.constant === undefined
      ? bufferOf(value.name, valueBytes(value))
      : bufferOf(value.name, value.constant.data.byteLength, bytesOf(value.constant.data));
  const placeOf = (value: Value) => {
    const place = places.get(value) ?? newPlace(value);
    places.set(value, place);
    return place;
  };
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const offer = (value: Value, place: Place) =>
    void (made.has(value) && !places.has(value) && places.set(value, place));
  for (const node of nodes.toReversed()) loweringOf(node).placeInputs?.(node, { placeOf, offer });
  for (const node of nodes) {
    const writer: Writer = {
      ...settings,
      placeOf,
      share: (value, place) => void places.set(value, place),
      constant: (contents) => bufferOf(`${node.name} constant`, contents.byteLength, bytesOf(contents)),
      scratch: (bytes) => bufferOf(`${node.name} scratch`, bytes),
      emit: (kind, fields) => void commands.push(sound({ kind: kind as CommandKind, fields, node })),
    };
    loweringOf(node).write(node, writer);
  }
  return { commands, places };
}

function loweringOf({ op }: Node): Lowering {
  return lowerings[op.name as keyof typeof lowerings] as Lowering;
}

/** Bytes of a value of the array. */
export function valueBytes(value: Value): number {
  return elementCount(sizesOf(value)) * storageBytes(value.type.dtype);
}

/** A command whose fields, with addresses from the start of each buffer, are such as the array takes. */
function sound(draft: NodeDraft): NodeDraft {
  const { kind, fields, node } = draft;
  const [problem] = kind.problems(placedFields(fields, ({ offset }) => offset));
  if (problem === undefined) return draft;
  throw new NodeRefusal(node, "npu.beyond-command", `of its command ${kind.name}, ${problem}`, "use smaller layers");
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** The buffers that a command's fields name. */
export function buffersOf({ fields }: Draft): readonly Buffer[] {
  return Object.values(fields).flatMap((field) => (typeof field === "number" ? [] : [field.buffer]));
}
