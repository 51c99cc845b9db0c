import type { MessageType, NamedField } from "./message.ts";
import { type Packed, PackedCollector, type PackedData } from "./packed.ts";
import { type WireReader, wireTypes } from "./reader.ts";

type Properties = Record<string, unknown>;

/**
 * Decodes the reader's open message up to its end. As protobuf has it: unknown fields are skipped, the last of several singular values
 * wins, and a message given twice is merged. `into` is the message to merge with.
 */
export function decodeMessage<M extends object>(reader: WireReader, type: MessageType<M>, into?: M): M {
  const target = (into ?? { ...type.initial }) as Properties;
  let collectors: Map<NamedField, PackedCollector> | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = type.byNumber[tag >>> 3];
    if (field === undefined) reader.skip(tag & 7);
    else if (field.codec.kind === "packed") {
      collectors ??= new Map();
      collect(reader, collectors, field, field.codec, target[field.property] as PackedData | undefined, tag);
    } else if (tag !== field.tag) decodeRun(reader, target, field, tag);
    else if (field.repeated) decodeList(reader, target, field);
    else target[field.property] = decodeValue(reader, field, target[field.property]);
  }
  if (collectors !== undefined)
    for (const [field, collector] of collectors) target[field.property] = collector.finish();
  return target as M;
}

/** Decodes the value after a tag; `existing` is what a singular message is merged with. */
function decodeValue(reader: WireReader, { codec }: NamedField, existing: unknown): unknown {
  if (codec.kind === "scalar") return codec.read(reader);
  if (codec.kind === "packed") return undefined;
  const { limit, message } = reader;
  const type = codec.type();
  reader.open(type.name);
  const value = decodeMessage(reader, type, existing as object | undefined);
  reader.close(limit, message);
  return value;
}

/** Decodes all values of a repeated field that follow each other, into an array of just their number. */
function decodeList(reader: WireReader, target: Properties, field: NamedField): void {
  const values = new Array<unknown>(reader.countSame(field.tag));
  for (let at = 0; at < values.length; at++) {
    if (at > 0) reader.tag();
    values[at] = decodeValue(reader, field, undefined);
  }
  append(target, field, values);
}

/** Decodes scalars that share one length prefix. */
function decodeRun(reader: WireReader, target: Properties, field: NamedField, tag: number): void {
  if (field.codec.kind !== "scalar" || !field.repeated || (tag & 7) !== wireTypes.bytes)
    throw wrongWire(reader, field, tag);
  const { limit } = reader;
  reader.limit = reader.end();
  const values: unknown[] = [];
  while (reader.position < reader.limit) values.push(field.codec.read(reader));
  reader.limit = limit;
  append(target, field, values);
}

function append(target: Properties, field: NamedField, values: unknown[]): void {
  const list = target[field.property] as unknown[] | undefined;
  if (list === undefined || list === field.initial) target[field.property] = values;
  else for (const value of values) list.push(value);
}

function collect(
  reader: WireReader,
  collectors: Map<NamedField, PackedCollector>,
  field: NamedField,
  codec: Packed,
  existing: PackedData | undefined,
  tag: number,
): void {
  const collector = collectors.get(field) ?? new PackedCollector(codec, existing);
  collectors.set(field, collector);
  if (tag === field.tag) collector.run(reader);
  else if ((tag & 7) === codec.wire) collector.element(reader);
  else throw wrongWire(reader, field, tag);
}

function wrongWire(reader: WireReader, field: NamedField, tag: number): Error {
  return reader.malformed(`field ${field.number} (${field.property}) has wire type ${tag & 7}`);
}
