import type { Activity } from "./profile.ts";

const lanes = { npu: 1, dma: 2, cpu: 3 } as const;
const names = { npu: "array", dma: "copies", cpu: "processor" } as const;

/** Activities as a timeline in Chrome's trace format, with a lane for array, copies and processor; times in microseconds. */
export function traceOf(activities: readonly Activity[], clockMHz: number): object {
  const lanesNamed = (["npu", "dma", "cpu"] as const).map((unit) => ({
    ph: "M",
    name: "thread_name",
    pid: 1,
    tid: lanes[unit],
    args: { name: names[unit] },
  }));
  const events = activities.map(({ node, unit, what, start, end, boundBy, stall, macs, readBytes, writeBytes }) => ({
    ph: "X",
    name: node.name,
    cat: what,
    pid: 1,
    tid: lanes[unit],
    ts: start / clockMHz,
    dur: (end - start) / clockMHz,
    args: { cycles: end - start, boundBy, stall, macs, readBytes, writeBytes },
  }));
  return { displayTimeUnit: "ms", traceEvents: [...lanesNamed, ...events] };
}
