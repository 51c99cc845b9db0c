import { fail } from "@millrace/ir";
import { forEachRun, type Region, spanOf } from "../region.ts";

/** Where the memory that the array works in begins; constants begin at 0. */
export const memoryBase = 2 ** 30;

/** The constants of a program and the memory that the array works in, in one range of addresses. */
export class SimulatedMemory {
  readonly #constants: Uint8Array;
  readonly #data: Uint8Array;
  readonly #written: Uint8Array;

  constructor(constants: Uint8Array, bytes: number) {
    this.#constants = constants;
    this.#data = new Uint8Array(bytes);
    this.#written = new Uint8Array(bytes);
  }

  /** Fails if a region is not wholly inside, or is to be written and constant. */
  checkBounds(region: Region, writes: boolean, who: string): void {
    const { address } = region;
    const bytes = spanOf(region);
    const [, size, at] = this.#place(address);
    const constant = address < memoryBase;
    if (at >= 0 && at + bytes <= size && !(writes && constant)) return;
    const place = constant ? "the constants" : "the memory";
    const problem = writes && constant ? "writes to constants" : `${writes ? "writes" : "reads"} beyond ${place}`;
    fail("npu.out-of-bounds", `${who} ${problem}: ${bytes} bytes at ${hexadecimal(address)} of ${size}`, { hint });
  }

  /** Fails at the first byte of a region that nothing has been written to. */
  checkWritten(region: Region, who: string): void {
    if (region.address < memoryBase) return;
    forEachRun(region, (address, bytes) => {
      const at = address - memoryBase;
      const gap = this.#written.subarray(at, at + bytes).indexOf(0);
      if (gap < 0) return;
      fail("npu.uninitialised", `${who} reads ${hexadecimal(address + gap)}, to which nothing was written`, { hint });
    });
  }

  markWritten(region: Region): void {
    forEachRun(region, (address, bytes) => {
      this.#written.fill(1, address - memoryBase, address - memoryBase + bytes);
    });
  }

  bytesOf(address: number, bytes: number): Uint8Array {
    const [array, , at] = this.#place(address);
    return array.subarray(at, at + bytes);
  }

  integersOf(address: number, bytes: number): Int8Array {
    const array = this.bytesOf(address, bytes);
    return new Int8Array(array.buffer, array.byteOffset, array.length);
  }

  viewOf(address: number, bytes: number): DataView {
    const array = this.bytesOf(address, bytes);
    return new DataView(array.buffer, array.byteOffset, array.length);
  }

  #place(address: number): readonly [Uint8Array, number, number] {
    if (address < memoryBase) return [this.#constants, this.#constants.length, address];
    return [this.#data, this.#data.length, address - memoryBase];
  }
}

export const hint = "compile the model again: the command stream is damaged or was made for another machine";

export function hexadecimal(address: number): string {
  return `0x${address.toString(16).padStart(8, "0")}`;
}
