import { fail } from "@millrace/ir";
import { addressableBytes } from "../machine.ts";
import { forEachRun, type Region, spanOf } from "../region.ts";

/** Where the memory that the array works in begins; constants begin at 0. */
export const memoryBase = addressableBytes;
/** Where the outer memory begins, which transfers alone reach. */
export const outerBase = 2 * addressableBytes;

/** Where the results begin that the parts of a chain give one another; no memory holds them. */
export function lineAddress(part: number): number {
  return (4 + part) * addressableBytes;
}

interface Space {
  readonly name: string;
  readonly base: number;
  readonly data: Uint8Array;
  /** 1 for each byte that something was written to; undefined for constants. */
  readonly written?: Uint8Array;
}

/** The constants of a program, the memory that the array works in and the outer memory, in one range of addresses. */
export class SimulatedMemory {
  readonly #constants: Space;
  readonly #memory: Space;
  readonly #outer: Space;
  #lines: readonly Space[] = [];

  constructor(constants: Uint8Array, memoryBytes: number, outerBytes: number) {
    const writable = (bytes: number) => ({ data: new Uint8Array(bytes), written: new Uint8Array(bytes) });
    this.#constants = {
      name: "the constants",
      base: 0,
      data: constants.byteOffset % 2 === 0 ? constants : constants.slice(),
    };
    this.#memory = { name: "the memory", base: memoryBase, ...writable(memoryBytes) };
    this.#outer = { name: "the outer memory", base: outerBase, ...writable(outerBytes) };
  }

  /** Fails if a region is not wholly inside, or is to be written and constant. */
  checkBounds(region: Region, writes: boolean, who: string): void {
    const { address } = region;
    const bytes = spanOf(region);
    const { name, base, data, written } = this.#spaceOf(address);
    const isWrong = writes && written === undefined;
    if (address >= base && address - base + bytes <= data.length && !isWrong) return;
    const problem = isWrong ? "writes to constants" : `${writes ? "writes" : "reads"} beyond ${name}`;
    fail("npu.out-of-bounds", `${who} ${problem}: ${bytes} bytes at ${hexadecimal(address)} of ${data.length}`, {
      hint,
    });
  }

  /** Fails at the first byte of a region that nothing has been written to. */
  checkWritten(region: Region, who: string): void {
    const { base, written } = this.#spaceOf(region.address);
    if (written === undefined) return;
    forEachRun(region, (address, bytes) => {
      const at = address - base;
      const gap = written.subarray(at, at + bytes).indexOf(0);
      if (gap < 0) return;
      fail("npu.uninitialised", `${who} reads ${hexadecimal(address + gap)}, to which nothing was written`, { hint });
    });
  }

  markWritten(region: Region): void {
    const { base, written } = this.#spaceOf(region.address);
    forEachRun(region, (address, bytes) => void written?.fill(1, address - base, address - base + bytes));
  }

  /** Makes room for what the parts of a chain give one another, so many bytes each. */
  setLines(bytes: readonly number[]): void {
    this.#lines = bytes.map((size, part) => ({
      name: "what goes on in line",
      base: lineAddress(part),
      data: new Uint8Array(size),
    }));
  }

  bytesOf(address: number, bytes: number): Uint8Array {
    const { base, data } = this.#spaceOf(address);
    return data.subarray(address - base, address - base + bytes);
  }

  integersOf(address: number, bytes: number): Int8Array {
    const array = this.bytesOf(address, bytes);
    return new Int8Array(array.buffer, array.byteOffset, array.length);
  }

  /** Integers of 1 or 2 bytes each; those of 2 begin at an even address. */
  elementsOf(address: number, count: number, elementBytes: number): Int8Array | Int16Array {
    const { buffer, byteOffset, length } = this.bytesOf(address, count * elementBytes);
    return elementBytes === 2
      ? new Int16Array(buffer, byteOffset, length / 2)
      : new Int8Array(buffer, byteOffset, length);
  }

  viewOf(address: number, bytes: number): DataView {
    const array = this.bytesOf(address, bytes);
    return new DataView(array.buffer, array.byteOffset, array.length);
  }

  #spaceOf(address: number): Space {
    if (address < memoryBase) return this.#constants;
    if (address < outerBase) return this.#memory;
    return this.#lines[Math.floor((address - lineAddress(0)) / addressableBytes)] ?? this.#outer;
  }
}

export const hint = "compile the model again: the command stream is damaged or was made for another machine";

export function hexadecimal(address: number): string {
  return `0x${address.toString(16).padStart(8, "0")}`;
}
