const signatureDefs = 7;

/**
 * A copy of a .tflite file whose root table has no `signature_defs` (a field of Model in schema.fbs), so that a runtime
 * which would follow the first signature runs the primary subgraph instead, in the file's order and by tensor names.
 * The root gets a vtable of its own, at the end, since tables may share one. Bytes without the field are returned as
 * they are.
 */
export function withoutSignatures(model: Uint8Array): Uint8Array {
  const source = new DataView(model.buffer, model.byteOffset, model.byteLength);
  const holds = (offset: number, bytes: number) => offset >= 0 && offset + bytes <= model.byteLength;
  if (!holds(0, 4)) return model;
  const root = source.getUint32(0, true);
  if (!holds(root, 4)) return model;
  const vtable = root - source.getInt32(root, true);
  if (!holds(vtable, 2)) return model;
  const vtableBytes = source.getUint16(vtable, true);
  const field = 4 + 2 * signatureDefs;
  if (!holds(vtable, vtableBytes) || vtableBytes < field + 2) return model;

  const end = model.byteLength + (model.byteLength % 2);
  const copy = new Uint8Array(end + vtableBytes);
  copy.set(model);
  copy.copyWithin(end, vtable, vtable + vtableBytes);
  const target = new DataView(copy.buffer);
  target.setUint16(end + field, 0, true);
  target.setInt32(root, root - end, true);
  return copy;
}
