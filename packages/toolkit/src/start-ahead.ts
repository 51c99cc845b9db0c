/**
 * What `start` gives for each item, in the items' order, while up to `ahead` items at a time are being worked at. Whoever stops early waits
 * for those that were started.
 */
export async function* startAhead<Item, Result>(
  items: readonly Item[],
  ahead: number,
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const started: Promise<Result>[] = [];
  try {
    for (const item of items) {
      const result = start(item);
      result.catch(() => undefined);
      started.push(result);
      if (started.length >= ahead) yield await (started.shift() as Promise<Result>);
    }
    while (started.length > 0) yield await (started.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(started);
  }
}
