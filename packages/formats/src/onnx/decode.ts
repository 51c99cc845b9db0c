import type { MessageType, NamedField } from "./message.ts";
import { PackedCollector } from "./packed.ts";
import { type WireReader, wireTypes } from "./reader.ts";
import type { Scalar } from "./scalar.ts";

type Properties = Record<string, unknown>;

/**
 * Decodes the reader's open message up to its end. As protobuf has it: unknown fields are skipped, the last of a repeated singular value
 * wins, and a message given twice is merged. `into` is the message to merge with.
 */
export function decodeMessage<M extends object>(reader: WireReader, type: MessageType<M>, into?: M): M {
  const target = (into ?? { ...type.initial }) as Properties;
  let packed: Map<NamedField, PackedCollector> | undefined;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = type.byNumber[tag >>> 3];
    const wire = tag & 7;
    if (field === undefined) reader.skip(wire);
    else if (field.codec.kind === "message") decodeNested(reader, target, field, field.codec.type(), wire);
    else if (field.codec.kind === "scalar") decodeScalar(reader, target, field, field.codec, wire);
    else {
      packed ??= new Map();
      const collector = packed.get(field) ?? new PackedCollector(field.codec, target[field.property]);
      packed.set(field, collector);
      if (wire === wireTypes.bytes) collector.run(reader);
      else if (wire === field.codec.wire) collector.element(reader);
      else throw wrongWire(reader, field, wire);
    }
  }
  if (packed !== undefined) for (const [field, collector] of packed) target[field.property] = collector.finish();
  return target as M;
}
