import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { startAhead } from "./start-ahead.ts";

test("results come in order, with so many at work at a time as were asked for", async () => {
  let [running, most] = [0, 0];
  const start = async (milliseconds: number) => {
    most = Math.max(most, ++running);
    await wait(milliseconds);
    running--;
    return milliseconds;
  };
  const results: number[] = [];
  for await (const result of startAhead([9, 1, 5, 0, 3], 3, start)) results.push(result);
  expect(results).toEqual([9, 1, 5, 0, 3]);
  expect(most).toBe(3);
});

test("a failure ends it after what was started has ended", async () => {
  const ended: number[] = [];
  const start = async (item: number) => {
    await wait(item);
    ended.push(item);
    if (item === 1) throw new Error("no");
    return item;
  };
  const all = async () => {
    for await (const _ of startAhead([1, 8, 20], 2, start));
  };
  await expect(all()).rejects.toThrow("no");
  expect(ended).toEqual([1, 8]);
});
