import { describe, expect, test } from "vitest";
import { codeOf } from "../../onnx/test-support.ts";
import {
  call,
  dictionary,
  global,
  integer,
  operation,
  type Piece,
  persistent,
  pickleOf,
  text,
  tuple,
} from "../../pickle/pickle.testing.ts";
import { floats, savedFile, savedTensor } from "../archive.testing.ts";
import { readPt2, readTorchSave, savedValues } from "../index.ts";

const magic = pickleOf([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
const facts = [pickleOf(integer(1001)), pickleOf(dictionary([text("little_endian"), integer(1)]))];
const values = dictionary([text("a"), savedTensor("7", 4, [2, 2], [2, 1])], [text("b"), savedTensor("9", 2, [2], [1])]);

/** A file in the form before torch 1.6. */
function legacyFile(
  value: Piece,
  keys: Piece,
  ...storages: readonly (readonly [count: number, bytes: Uint8Array])[]
): Uint8Array {
  const data = storages.flatMap(([count, bytes]) => [
    ...new Uint8Array(BigUint64Array.of(BigInt(count)).buffer),
    ...bytes,
  ]);
  return Uint8Array.from([magic, ...facts, pickleOf(value), pickleOf(keys)].flatMap((part) => [...part]).concat(data));
}

const file = legacyFile(values, tuple(text("9"), text("7")), [2, floats(8, 9)], [4, floats(1, 2, 3, 4)]);

describe("a file of torch.save before 1.6", () => {
  test("has its storages in the order of their keys", () => {
    const entries = savedValues(readTorchSave(file));
    expect(entries).toMatchObject([
      { path: "a", value: { sizes: [2, 2], storage: { bytes: floats(1, 2, 3, 4) } } },
      { path: "b", value: { sizes: [2], storage: { bytes: floats(8, 9) } } },
    ]);
  });

  test("is told apart from an exported program by what it has", () => {
    expect(() => readPt2(file)).toThrow(/no graph: 2 tensors, "a" of \[2, 2\], "b" of \[2\]/);
    const whole = legacyFile(call(global("torch.nn.modules.container", "Sequential")), tuple());
    expect(() => readPt2(whole)).toThrow(/torch\.nn\.modules\.container\.Sequential/);
  });

  test("is refused when it is cut anywhere", () => {
    for (let length = 0; length < file.length; length++)
      expect(codeOf(() => readTorchSave(file.slice(0, length)))).not.toBe("none");
  });

  test("is refused without a storage, or with one past the end", () => {
    expect(codeOf(() => readTorchSave(legacyFile(values, tuple(text("7")), [4, floats(1, 2, 3, 4)])))).toBe(
      "pt2.malformed",
    );
    const endless = legacyFile(values, tuple(text("9"), text("7")), [2 ** 52, floats(8, 9)]);
    expect(codeOf(() => readTorchSave(endless))).toBe("pt2.malformed");
  });
});

test("values in themselves, or nested beyond all bounds, are refused", () => {
  const itself: unknown[] = [];
  itself.push(itself);
  expect(codeOf(() => savedValues(itself))).toBe("pt2.nesting");
  let doubled: unknown = 1;
  for (let level = 0; level < 40; level++) doubled = [doubled, doubled];
  expect(codeOf(() => savedValues(doubled))).toBe("pt2.nesting");
});

test("a tensor keeps the sizes it was checked with, though their list grows later", () => {
  const storage = tuple(text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), integer(2));
  const sizes = [...operation("]"), ...operation("q", 1), ...integer(2), ...operation("a")];
  const tensor = call(
    global("torch._utils", "_rebuild_tensor"),
    persistent(storage),
    integer(0),
    sizes,
    tuple(integer(1)),
  );
  const grown = [...operation("h", 1), ...integer(1 << 30), ...operation("a")];
  const saved = savedFile(tuple(tensor, grown), { 0: floats(1, 2) });
  expect(savedValues(readTorchSave(saved))[0]!.value).toMatchObject({ sizes: [2], strides: [1] });
});
