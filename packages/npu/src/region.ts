/** Bytes at an address, again and again along axes. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
  readonly axes?: readonly Axis[];
}

export interface Axis {
  readonly size: number;
  /** Bytes from one to the next. */
  readonly step: number;
}

/** Bytes from the first to the last. */
export function spanOf({ bytes, axes = [] }: Region): number {
  return bytes === 0 ? 0 : axes.reduce((span, { size, step }) => span + (size - 1) * step, bytes);
}

/** Bytes of all runs. */
export function bytesOf({ bytes, axes = [] }: Region): number {
  return axes.reduce((product, { size }) => product * size, bytes);
}

/** Visits the address of every run of bytes. */
export function forEachRun(
  { address, bytes, axes = [] }: Region,
  visit: (address: number, bytes: number) => void,
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    if (bytes > 0) visit(address, bytes);
    return;
  }
  for (let index = 0; index < axis.size; index++)
    forEachRun({ address: address + index * axis.step, bytes, axes: inner }, visit);
}

/** Whether the spans of two regions meet, and do not take turns. */
export function overlap(a: Region, b: Region): boolean {
  return a.address < b.address + spanOf(b) && b.address < a.address + spanOf(a) && !takeTurns(a, b);
}

/** Whether the runs of two regions are equally far apart, and those of each lie between those of the other. */
function takeTurns(a: Region, b: Region): boolean {
  if (a.axes?.length !== 1 || b.axes?.length !== 1) return false;
  const [{ step }] = a.axes;
  const behind = (((b.address - a.address) % step) + step) % step;
  return b.axes[0].step === step && behind >= a.bytes && behind + b.bytes <= step;
}
