import { FormatError } from "../error.ts";
import type { Codec, MessageType, NamedField } from "./message.ts";
import { type PackedData, packedSize, writePacked } from "./packed.ts";
import { maximumDepth, wireTypes } from "./reader.ts";
import { varintSize, WireWriter } from "./writer.ts";

/** The fields to write, flat and in file order: a message's entry stands before those of its own fields. */
interface Plan {
  readonly fields: NamedField[];
  readonly values: unknown[];
  /** Bytes of each, without tag and length. */
  readonly lengths: number[];
}

/**
 * Encodes `message` into one buffer of the exact size: one walk measures and lists what to write, then the list is written. Values equal
 * to their field's initial one are left out, as are empty arrays.
 */
export function encodeMessage<M extends object>(type: MessageType<M>, message: M): Uint8Array {
  const plan: Plan = { fields: [], values: [], lengths: [] };
  const writer = new WireWriter(planMessage(plan, type, message, 1));
  for (let at = 0; at < plan.fields.length; at++)
    writeField(writer, plan.fields[at]!, plan.values[at], plan.lengths[at]!);
  return writer.bytes;
}

/** Adds the fields of `message` to the plan and returns their size in bytes. */
function planMessage(plan: Plan, type: MessageType<object>, message: object, depth: number): number {
  if (depth > maximumDepth)
    throw new FormatError("onnx.too-deep", `The model nests messages over ${maximumDepth} deep (${type.name}).`, {
      hint: "Check the model for a graph that contains itself.",
    });
  let size = 0;
  for (const field of fieldsOf(type, message)) {
    const value = (message as Record<string, unknown>)[field.property];
    if (value === undefined || value === field.initial) continue;
    if (!field.repeated || field.codec.kind === "packed") size += planField(plan, field, value, depth);
    else for (const item of value as readonly unknown[]) size += planField(plan, field, item, depth);
  }
  return size;
}

/** The fields that `message` has, by number. Its few own properties are walked, as most fields of most messages are absent. */
function fieldsOf(type: MessageType<object>, message: object): readonly NamedField[] {
  const fields: NamedField[] = [];
  let ascending = true;
  for (const property in message) {
    const field = type.byProperty.get(property);
    if (field === undefined) continue;
    ascending &&= fields.length === 0 || fields.at(-1)!.number < field.number;
    fields.push(field);
  }
  return ascending ? fields : fields.sort((a, b) => a.number - b.number);
}

function planField(plan: Plan, field: NamedField, value: unknown, depth: number): number {
  plan.fields.push(field);
  plan.values.push(value);
  const slot = plan.lengths.push(0) - 1;
  const length = sizeOf(plan, field.codec, value, depth);
  plan.lengths[slot] = length;
  return varintSize(field.tag) + (isPrefixed(field) ? varintSize(length) : 0) + length;
}

function sizeOf(plan: Plan, codec: Codec, value: unknown, depth: number): number {
  if (codec.kind === "scalar") return codec.size(value);
  if (codec.kind === "message") return planMessage(plan, codec.type(), value as object, depth + 1);
  return packedSize(codec, value as PackedData);
}

function writeField(writer: WireWriter, field: NamedField, value: unknown, length: number): void {
  const { codec } = field;
  writer.varint(field.tag);
  if (isPrefixed(field)) writer.varint(length);
  if (codec.kind === "scalar") codec.write(writer, value);
  else if (codec.kind === "packed") writePacked(codec, writer, value as PackedData);
}

function isPrefixed(field: NamedField): boolean {
  return (field.tag & 7) === wireTypes.bytes;
}
