import { type Flow, greatest, neighboursOf } from "./flow.ts";

/**
 * An order that finishes a branch before it begins the next one, of several first the one that needs the most beyond what it leaves: the best there is where
 * every value is read once (Liu, "An application of generalized tree pebbling to sparse matrix factorization", 1987, in its simple form). n log n.
 */
export function depthFirst(flow: Flow): readonly number[] {
  const { before, after } = neighboursOf(flow);
  const left = flow.writes.map((values) => values.reduce((sum, value) => sum + flow.bytes[value], 0));
  const needed: number[] = [];
  const sorted = before.map((producers, node) => {
    const inOrder = [...producers].sort((a, b) => needed[b] - left[b] - (needed[a] - left[a]) || a - b);
    let beside = 0;
    const most = greatest(
      inOrder.map((producer) => {
        beside += left[producer];
        return beside - left[producer] + needed[producer];
      }),
    );
    needed.push(Math.max(most, beside + left[node]));
    return inOrder;
  });
  const order: number[] = [];
  const seen = new Set<number>();
  for (const [node, users] of after.entries()) if (users.length === 0) visit(node, sorted, seen, order);
  return order;
}

/** Appends a node behind all that it needs and that is not there yet. */
function visit(last: number, sorted: readonly (readonly number[])[], seen: Set<number>, order: number[]): void {
  const stack = [{ node: last, next: 0 }];
  seen.add(last);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const producer = sorted[top.node][top.next++];
    if (producer === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(producer)) {
      seen.add(producer);
      stack.push({ node: producer, next: 0 });
    }
  }
}
