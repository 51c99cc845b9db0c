import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../onnx/test-support.ts";
import { type PickleGlobal, unpickle } from "./index.ts";
import {
  boolean,
  call,
  dictionary,
  global,
  integer,
  operation,
  persistent,
  pickleOf,
  text,
  tuple,
} from "./pickle.testing.ts";

const pair: PickleGlobal = { name: "tests.pair", call: (parameters) => ({ pair: parameters }) };
const options = {
  global: (name: string) => (name === pair.name ? pair : undefined),
  persistent: (identity: unknown) => ({ identity }),
};
const unpickled = (bytes: Uint8Array): unknown => unpickle(bytes, options).value;

describe("a pickle", () => {
  test("of protocol 2 gives its data", () => {
    const value = dictionary(
      [text("numbers"), tuple(integer(-3), boolean(true), operation("N"), operation("M", 1, 2))],
      [text("pair"), call(global("tests", "pair"), integer(1), text("é"))],
      [text("elsewhere"), persistent(tuple(text("storage"), integer(0)))],
    );
    expect(unpickled(pickleOf(value))).toEqual(
      new Map<string, unknown>([
        ["numbers", [-3, true, null, 513]],
        ["pair", { pair: [1, "é"] }],
        ["elsewhere", { identity: ["storage", 0] }],
      ]),
    );
  });

  /** By Python: pickle.dumps({"a": [1, 2**40, -1.5, None, (True,)], "b": "a", "c": -2**63}, protocol). */
  test.each([
    [
      2,
      "80027d71002858010000006171015d7102284b018a0600000000000147bff80000000000004e88857103655801000000627104680158010000006371058a080000000000000080752e",
    ],
    [
      3,
      "80037d71002858010000006171015d7102284b018a0600000000000147bff80000000000004e88857103655801000000627104680158010000006371058a080000000000000080752e",
    ],
    [
      4,
      "80049538000000000000007d94288c0161945d94284b018a0600000000000147bff80000000000004e888594658c01629468018c0163948a080000000000000080752e",
    ],
    [
      5,
      "80059538000000000000007d94288c0161945d94284b018a0600000000000147bff80000000000004e888594658c01629468018c0163948a080000000000000080752e",
    ],
  ])("of Python in protocol %s gives its data", (_, hex) => {
    expect(unpickled(Uint8Array.from(Buffer.from(hex, "hex")))).toEqual(
      new Map<string, unknown>([
        ["a", [1, 2 ** 40, -1.5, null, [true]]],
        ["b", "a"],
        ["c", -(2n ** 63n)],
      ]),
    );
  });

  test("uses a value again, and adds to lists and dictionaries", () => {
    const remember = operation("q", 7);
    const list = [...operation("]"), ...remember, ...integer(1), ...operation("a"), ...operation("(")];
    const value = tuple([...list, ...integer(2), ...integer(3), ...operation("e")], operation("h", 7));
    const [first, second] = unpickled(pickleOf(value)) as unknown[];
    expect(first).toEqual([1, 2, 3]);
    expect(second).toBe(first);
  });

  test("leaves the attributes of a dictionary out", () => {
    const attributes = dictionary([text("_metadata"), integer(1)]);
    expect(unpickled(pickleOf(dictionary([text("a"), integer(1)]), attributes, operation("b")))).toEqual(
      new Map([["a", 1]]),
    );
  });

  test("tells where it ends", () => {
    const bytes = pickleOf(integer(1));
    expect(unpickle(Uint8Array.from([9, ...bytes, 8]), { ...options, start: 1 })).toEqual({
      value: 1,
      end: bytes.length + 1,
    });
  });
});

describe("a pickle is refused", () => {
  test.each(["os.system", "builtins.eval", "posix.system", "tests.other"])("for the global %s, by its name", (name) => {
    const [module, member] = name.split(".");
    const attack = pickleOf(call(global(module!, member!), text("rm -rf /")));
    expect(() => unpickled(attack)).toThrow(
      expect.objectContaining({ code: "pickle.forbidden-global", message: expect.stringContaining(name) }),
    );
  });

  test("for a global by way of the stack too", () => {
    expect(codeOf(() => unpickled(pickleOf(text("os"), text("system"), operation("\x93"))))).toBe(
      "pickle.forbidden-global",
    );
  });

  test.each<[string, Uint8Array, string]>([
    ["that runs out of values", pickleOf(operation("R")), "pickle.malformed"],
    ["that takes a mark for a value", pickleOf(operation("("), operation("0")), "pickle.malformed"],
    ["without a mark", pickleOf(operation("t")), "pickle.malformed"],
    ["that uses what it has not stored", pickleOf(operation("h", 3)), "pickle.malformed"],
    ["that calls a text", pickleOf(text("a"), operation(")"), operation("R")), "pickle.malformed"],
    ["that sets items of a list", pickleOf(operation("]"), integer(1), integer(2), operation("s")), "pickle.malformed"],
    ["that appends to a text", pickleOf(text("a"), integer(2), operation("a")), "pickle.malformed"],
    [
      "with a key without a value",
      pickleOf(operation("}"), operation("("), integer(1), operation("u")),
      "pickle.malformed",
    ],
    ["with a text longer than the file", pickleOf(operation("X", 255, 255, 255, 255)), "pickle.malformed"],
    ["with an integer longer than the file", pickleOf(operation("\x8b", 255, 255, 255, 127)), "pickle.malformed"],
    ["with an instance of a class", pickleOf(operation("("), operation("i")), "pickle.opcode"],
    ["with an extension's code", pickleOf(operation("\x82", 1)), "pickle.opcode"],
    ["of no bytes", new Uint8Array(0), "pickle.malformed"],
  ])("%s", (_, bytes, code) => {
    expect(codeOf(() => unpickled(bytes))).toBe(code);
  });

  test("or read, whatever its bytes are", () => {
    const bytes = pickleOf(dictionary([text("a"), tuple(integer(1), call(global("tests", "pair"), integer(2)))]));
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => unpickled(bytes.slice(0, length)))).not.toBe("none");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        codeOf(() => unpickled(random));
      }),
      { numRuns: 2000 },
    );
  });

  test("not for hundreds of thousands of arguments", () => {
    const many = Array.from({ length: 300_000 }, () => operation("N"));
    expect(unpickled(pickleOf(call(global("tests", "pair"), many.flat())))).toMatchObject({
      pair: { length: 300_000 },
    });
  });
});
