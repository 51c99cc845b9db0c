import { fromNumbers, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { wasmEngine } from "../wasm/engine.ts";
import { serveThread } from "./serve-thread.ts";
import type { Thread } from "./thread.ts";
import { threadedEngine } from "./threaded-engine.ts";

/** A thread in name only: the far end is served here, over a channel that copies messages as threads' do. */
function start(onEnd = () => {}): Thread & { fail(why: string): void } {
  const { port1, port2 } = new MessageChannel();
  const listeners: ((why: string) => void)[] = [];
  serveThread({
    send: (message) => port2.postMessage(message),
    listen: (onMessage) => {
      port2.onmessage = ({ data }) => onMessage(data);
    },
  });
  return {
    send: (message) => port1.postMessage(message),
    listen: (onMessage) => {
      port1.onmessage = ({ data }) => onMessage(data);
    },
    onFailure: (listener) => listeners.push(listener),
    fail: (why) => {
      for (const listener of listeners) listener(why);
    },
    end: () => {
      port1.close();
      onEnd();
    },
  };
}

const graphOf = (text: string) => parseGraph(text, operators);
const added = graphOf(`graph sums
input x: i8[4]<scale=[0.5], zeroPoint=[3]>
constant one: i8[4]<scale=[0.25], zeroPoint=[0]> = [1, 2, 3, 4]
y: i8[4]<scale=[0.5], zeroPoint=[0]> = add(x, one) {activation=none}
z: i8[4]<scale=[0.5], zeroPoint=[0]> = add(y, y) {activation=none}
output z
`);
const feed = (...values: number[]) => new Map([["x", fromNumbers("i8", [4], values)]]);

describe("an engine in threads", () => {
  it("gives what the engine gives, wanted values too, for many runs at a time", async () => {
    const wanted = added.nodes().next().value!.outputs;
    const threaded = await threadedEngine({ engine: "wasm", threads: 3, start }).prepare(added, wanted);
    const single = await wasmEngine().prepare(added, wanted);
    expect(threaded.concurrency).toBe(3);
    const feeds = Array.from({ length: 20 }, (_, index) => feed(index, -index, 100 + index, 5 - index));
    const results = await Promise.all(feeds.map((each) => threaded.run(each)));
    for (const [index, result] of results.entries()) expect(result).toEqual(await single.run(feeds[index]));
    await threaded.dispose();
  });

  it("runs a graph with states in one thread, in order", async () => {
    const counter = graphOf(`graph counter
input before: i32[1]
input x: i32[1]
after: i32[1] = add(before, x) {activation=none}
output after
state before from after
`);
    const prepared = await threadedEngine({ engine: "reference", threads: 4, start }).prepare(counter);
    expect(prepared.concurrency).toBe(1);
    const runs = [1, 2, 3].map((value) => prepared.run(new Map([["x", fromNumbers("i32", [1], [value])]])));
    expect((await Promise.all(runs)).map((result) => result.get("after")!.data[0])).toEqual([1, 3, 6]);
    await prepared.dispose();
  });

  it("gives an engine's diagnostics back, and goes on", async () => {
    const prepared = await threadedEngine({ engine: "wasm", threads: 2, start }).prepare(added);
    await expect(prepared.run(new Map())).rejects.toMatchObject({ diagnostics: [{ code: "runtime.feed-missing" }] });
    expect((await prepared.run(feed(3, 3, 3, 3))).get("z")!.data).toEqual(Int8Array.of(2, 2, 4, 4));
    await prepared.dispose();
  });

  it("ends all threads when a graph can't be prepared", async () => {
    let ended = 0;
    const engine = threadedEngine({ engine: "wasm", threads: 2, maximumBytes: 1, start: () => start(() => ended++) });
    await expect(engine.prepare(added)).rejects.toMatchObject({ diagnostics: [{ code: "runtime.too-much-memory" }] });
    expect(ended).toBe(2);
  });

  it("does not wait for a run that is aborted", async () => {
    const prepared = await threadedEngine({ engine: "wasm", threads: 1, start }).prepare(added);
    const control = new AbortController();
    const run = prepared.run(feed(0, 0, 0, 0), { signal: control.signal });
    control.abort(new Error("enough"));
    await expect(run).rejects.toThrow("enough");
    await prepared.dispose();
  });

  it("fails runs of a thread that ended, and those after dispose", async () => {
    const threads: ReturnType<typeof start>[] = [];
    const engine = threadedEngine({
      engine: "wasm",
      threads: 1,
      start: () => {
        const thread = start();
        threads.push(thread);
        return thread;
      },
    });
    const prepared = await engine.prepare(added);
    const run = prepared.run(feed(0, 0, 0, 0));
    threads[0].fail("out of memory");
    await expect(run).rejects.toMatchObject({ diagnostics: [{ code: "runtime.thread-ended" }] });
    await prepared.dispose();
    await expect(prepared.run(feed(0, 0, 0, 0))).rejects.toMatchObject({
      diagnostics: [{ code: "runtime.thread-ended" }],
    });
  });
});
