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
const iterating = [Symbol.iterator, "values", "entries"];

let work = 0;

function countCallbacks(original: Method): Method {
  return function (visit, ...rest) {
    const counted: Method = function (...parameters) {
      work++;
      return (visit as Method).apply(this, parameters);
    };
    return original.call(this, counted, ...rest);
  };
}

function countLength(original: Method): Method {
  return function (...parameters) {
    work += (this as readonly unknown[]).length;
    return original.apply(this, parameters);
  };
}

function countElements(original: Method): Method {
  return function* (...parameters) {
    const iterator = original.apply(this, parameters) as Iterator<unknown>;
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      work++;
      yield next.value;
    }
    return undefined;
  };
}

const patches: readonly (readonly [
  owner: object,
  names: readonly PropertyKey[],
  count: (original: Method) => Method,
])[] = [
  [Array.prototype, visiting, countCallbacks],
  [Array.prototype, copying, countLength],
  [Array.prototype, [Symbol.iterator], countElements],
  [Set.prototype, iterating, countElements],
  [Map.prototype, iterating, countElements],
  [Graph.prototype, ["nodes"], countElements],
];

/** Elements of arrays, sets, maps and node lists that are visited or copied in a run: the same in every run, unlike time. */
export function workOf(run: () => void): number {
  const places = patches.flatMap(([owner, names, count]) =>
    names.map((name) => ({ owner, name, count, descriptor: Object.getOwnPropertyDescriptor(owner, name)! })),
  );
  work = 0;
  for (let at = 0; at < places.length; at++) {
    const { owner, name, count, descriptor } = places[at];
    Object.defineProperty(owner, name, { ...descriptor, value: count(descriptor.value) });
  }
  try {
    run();
    return work;
  } finally {
    for (let at = 0; at < places.length; at++) {
      Object.defineProperty(places[at].owner, places[at].name, places[at].descriptor);
    }
  }
}
