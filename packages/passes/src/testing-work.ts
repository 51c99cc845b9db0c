import { Graph } from "@millrace/ir";

type Method = (this: unknown, ...parameters: unknown[]) => unknown;

const visiting = [
  "map",
  "filter",
  "flatMap",
  "some",
  "every",
  "forEach",
  "reduce",
  "find",
  "findIndex",
  "findLastIndex",
];
const copying = ["includes", "indexOf", "slice", "concat", "join", "reverse", "toSpliced", "with", "sort"];

/** Elements of arrays, sets, maps and node lists that are visited or copied in a run: the same in every run, unlike time. */
export function workOf(run: () => void): number {
  let work = 0;
  const undo: (() => void)[] = [];
  const patch = (owner: object, name: PropertyKey, wrap: (original: Method) => Method) => {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(owner, name)!;
    Object.defineProperty(owner, name, { ...rest, value: wrap(value) });
    undo.push(() => Object.defineProperty(owner, name, { ...rest, value }));
  };
  const countCallbacks = (original: Method): Method =>
    function (visit, ...rest) {
      const counted: Method = function (...parameters) {
        work++;
        return (visit as Method).apply(this, parameters);
      };
      return original.call(this, counted, ...rest);
    };
  const countLength = (original: Method): Method =>
    function (...parameters) {
      work += (this as readonly unknown[]).length;
      return original.apply(this, parameters);
    };
  const countElements = (original: Method): Method =>
    function* (...parameters) {
      const iterator = original.apply(this, parameters) as Iterator<unknown>;
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        work++;
        yield next.value;
      }
      return undefined;
    };
  for (const name of visiting) patch(Array.prototype, name, countCallbacks);
  for (const name of copying) patch(Array.prototype, name, countLength);
  patch(Array.prototype, Symbol.iterator, countElements);
  for (const { prototype } of [Set, Map]) {
    for (const name of [Symbol.iterator, "values", "entries"]) patch(prototype, name, countElements);
  }
  patch(Graph.prototype, "nodes", countElements);
  try {
    run();
  } finally {
    for (let restore = undo.pop(); restore !== undefined; restore = undo.pop()) restore();
  }
  return work;
}
