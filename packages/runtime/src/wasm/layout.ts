import type { Value } from "@millrace/ir";

/** Storage of data that the module reads. */
type Data = ArrayBufferView<ArrayBufferLike>;

/** Addresses are multiples of this, so that vectors don't cross cache lines. */
const alignment = 64;
/** The module keeps to itself what is below. */
const first = 1024;

function align(address: number): number {
  return Math.ceil(address / alignment) * alignment;
}

/** A tensor's place: bytes, and the steps from the one that makes it to the last that reads it. */
export interface Slot {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

/** Where everything lies in the module's memory: working memory, tensors that share space over time, then constants. */
export interface Layout {
  /** Address of working memory that kernels take turns to use. */
  readonly scratch: number;
  /** Address of a value's tensor; a constant gets its place when it is asked for. */
  addressOf(value: Value): number;
  /** Address of a constant, with a vector's worth of bytes behind it that may be read. */
  constant(data: Data): number;
}

/** A layout that can still take constants. `bytes` and `write` are for when it has got all of them. */
export interface OpenLayout extends Layout {
  bytes(): number;
  write(memory: Uint8Array): void;
}

/** The lowest free address for every slot, in the order of their first steps. */
function placeSlots(slots: ReadonlyMap<Value, Slot>, start: number) {
  const addresses = new Map<Value, number>();
  let active: { readonly address: number; readonly end: number; readonly to: number }[] = [];
  let end = start;
  for (const [value, slot] of [...slots].sort(([, a], [, b]) => a.from - b.from)) {
    active = active.filter(({ to }) => to >= slot.from);
    const size = align(slot.bytes + alignment);
    let address = start;
    for (const taken of active) {
      if (taken.address - address >= size) break;
      address = Math.max(address, taken.end);
    }
    addresses.set(value, address);
    active.push({ address, end: address + size, to: slot.to });
    active.sort((a, b) => a.address - b.address);
    end = Math.max(end, address + size);
  }
  return { addresses, end };
}

/** A layout for slots of root values; `rootOf` gives the value whose place another one shares. */
export function createLayout(
  scratchBytes: number,
  slots: ReadonlyMap<Value, Slot>,
  rootOf: (value: Value) => Value,
): OpenLayout {
  const { addresses, end } = placeSlots(slots, align(first + scratchBytes + alignment));
  const constants: (readonly [address: number, data: Data])[] = [];
  let next = end;
  const constant = (data: Data) => {
    const address = next;
    constants.push([address, data]);
    next = align(next + data.byteLength + alignment);
    return address;
  };
  return {
    scratch: first,
    addressOf(value) {
      const root = rootOf(value);
      const address = addresses.get(root) ?? constant(root.constant!.data as Data);
      addresses.set(root, address);
      return address;
    },
    constant,
    bytes: () => next,
    write(memory) {
      for (const [address, { buffer, byteOffset, byteLength }] of constants)
        memory.set(new Uint8Array(buffer, byteOffset, byteLength), address);
    },
  };
}
