import { FormatError } from "../error.ts";
import type { PickleGlobal, UnpickleOptions } from "./unpickle.ts";

const mark = Symbol("mark");

/**
 * The state of reading a pickle: the place in the bytes, the stack and the memo. All of its faults are FormatErrors with the
 * byte's offset.
 */
export class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: UnpickleOptions;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  position: number;
  stopped = false;

  constructor(bytes: Uint8Array, options: UnpickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.position = options.start ?? 0;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** The next bytes, as a view. */
  take(count: number): Uint8Array {
    if (!(count <= this.#bytes.length - this.position)) this.fail("malformed", "ends too early");
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }

  /** An unsigned little-endian integer of 1, 2, 4 or 8 bytes. */
  unsigned(width: number): number {
    const start = this.position;
    return this.take(width).length === 8
      ? Number(this.#view.getBigUint64(start, true))
      : this.#bytes.subarray(start, start + width).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  float(): number {
    this.take(8);
    return this.#view.getFloat64(this.position - 8, false);
  }

  text(count: number): string {
    return new TextDecoder().decode(this.take(count));
  }

  /** The text up to the end of the line, which is left out. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.position);
    if (end === -1) this.fail("malformed", "ends too early");
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    this.peek();
    return this.#stack.pop();
  }

  peek(): unknown {
    const top = this.#stack.at(-1);
    if (this.#stack.length === 0 || top === mark) this.fail("malformed", "takes a value where there is none");
    return top;
  }

  mark(): void {
    this.#stack.push(mark);
  }

  /** Everything that was pushed since the last mark, which goes too. */
  popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at === -1) this.fail("malformed", "has no mark");
    return this.#stack.splice(at).slice(1);
  }

  popMany(count: number): unknown[] {
    const items = Array.from({ length: count }, () => this.pop());
    return items.reverse();
  }

  remember(index: number): void {
    this.#memo.set(index, this.peek());
  }

  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.fail("malformed", `uses a value ${index} that it has not stored`);
    this.push(this.#memo.get(index));
  }

  pushGlobal(module: string, name: string): void {
    const qualified = `${module}.${name}`;
    const found = this.#options.global(qualified);
    if (found === undefined)
      this.fail("forbidden-global", `names ${JSON.stringify(qualified.slice(0, 200))}, which is not called here`);
    this.push(found);
  }

  pushPersistent(identity: unknown): void {
    const { persistent } = this.#options;
    if (persistent === undefined) this.fail("malformed", "refers to something stored elsewhere");
    this.push(persistent(identity));
  }

  /** Calls what the stack has below the arguments. */
  call(): void {
    const parameters = this.pop();
    const callee = this.pop() as PickleGlobal | undefined | null;
    if (typeof callee?.call !== "function" || !Array.isArray(parameters))
      this.fail("malformed", "calls what can't be called");
    this.push(callee.call(parameters));
  }

  setItems(items: readonly unknown[]): void {
    const target = this.peek();
    if (!(target instanceof Map) || items.length % 2 !== 0)
      this.fail("malformed", "sets items of what is no dictionary");
    for (let index = 0; index < items.length; index += 2) target.set(items[index], items[index + 1]);
  }

  append(items: readonly unknown[]): void {
    const target = this.peek();
    if (!Array.isArray(target)) this.fail("malformed", "appends to what is no list");
    for (const item of items) target.push(item);
  }

  fail(code: string, problem: string): never {
    throw new FormatError(`pickle.${code}`, `The pickled data ${problem} (byte ${this.position}).`, {
      hint:
        code === "forbidden-global"
          ? "Only plain tensors are read. Save the state dict or exported program of a model with ordinary tensors."
          : "Save the file again with torch.save or torch.export.save.",
      where: `byte ${this.position}`,
    });
  }
}
