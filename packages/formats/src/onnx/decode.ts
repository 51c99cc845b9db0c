import type { Codec, MessageType, NamedField } from "./message.ts";
import { type Packed, PackedCollector } from "./packed.ts";
import { type WireReader, wireTypes } from "./reader.ts";

type Properties = Record<string, unknown>;
type Collectors = Map<NamedField, PackedCollector>;

/**
 * Decodes the reader's open message up to its end. Unknown fields are skipped and the last of several singular values wins, as protobuf
 * has it; a singular message that is given twice is refused, where protobuf would merge the two.
 */
export function decodeMessage<M extends object>(reader: WireReader, type: MessageType<M>): M {
  const target = { ...type.initial } as Properties;
  let collectors: Collectors | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = type.byNumber[tag >>> 3];
    if (field === undefined) reader.skip(tag & 7);
    else if (field.codec.kind === "packed") {
      collectors ??= new Map();
      collect(reader, collectors, field, field.codec, tag);
    } else if (tag !== field.tag) decodeRun(reader, target, field, tag);
    else if (field.repeated) decodeList(reader, target, field, field.codec);
    else {
      if (field.codec.kind === "message" && target[field.property] !== undefined)
        throw reader.malformed(`field ${field.number} (${field.property}) is there twice`);
      target[field.property] = decodeValue(reader, field.codec);
    }
  }
  if (collectors !== undefined)
    for (const [field, collector] of collectors) target[field.property] = collector.finish();
  return target as M;
}

function decodeValue(reader: WireReader, codec: Exclude<Codec, Packed>): unknown {
  if (codec.kind === "scalar") return codec.read(reader);
  const { limit, message } = reader;
  const type = codec.type();
  reader.open(type.name);
  const value = decodeMessage(reader, type);
  reader.close(limit, message);
  return value;
}

/** Decodes all values of a repeated field that follow each other, into an array of just their number. */
function decodeList(reader: WireReader, target: Properties, field: NamedField, codec: Exclude<Codec, Packed>): void {
  const values = new Array<unknown>(reader.countSame(field.tag));
  for (let at = 0; at < values.length; at++) {
    if (at > 0) reader.tag();
    values[at] = decodeValue(reader, codec);
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

function collect(reader: WireReader, collectors: Collectors, field: NamedField, codec: Packed, tag: number): void {
  let collector = collectors.get(field);
  if (collector === undefined) {
    reader.count();
    collector = new PackedCollector(codec);
    collectors.set(field, collector);
  }
  if ((tag & 7) === wireTypes.bytes) collector.run(reader);
  else if ((tag & 7) === codec.wire) collector.element(reader);
  else throw wrongWire(reader, field, tag);
}

function wrongWire(reader: WireReader, field: NamedField, tag: number): Error {
  return reader.malformed(`field ${field.number} (${field.property}) has wire type ${tag & 7}`);
}
