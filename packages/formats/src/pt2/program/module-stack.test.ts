import { expect, test } from "vitest";
import { parseModuleStack } from "./module-stack.ts";

test("a module stack has the qualified names and classes of its modules, whatever torch's version", () => {
  const newer = "L__self__,,train.Digits;L__self__stem,stem,torch.nn.Sequential;L__self__stem.0,stem.0,torch.nn.Conv2d";
  expect(parseModuleStack(newer)).toEqual([
    { key: "L__self__", path: "", type: "train.Digits" },
    { key: "L__self__stem", path: "stem", type: "torch.nn.Sequential" },
    { key: "L__self__stem.0", path: "stem.0", type: "torch.nn.Conv2d" },
  ]);
  expect(parseModuleStack("")).toEqual([]);
});

test.each([
  ["L['self'].stem", "stem"],
  ["L['s'].r", "r"],
  ["L['self'].stem[0].conv", "stem.0.conv"],
  ["getattr(L['self'].layers, '0')", "layers.0"],
  ["getattr(getattr(L['self'].layers, '0').blocks, '11').norm", "layers.0.blocks.11.norm"],
  ["L['self'].layers._modules['0']", "layers.0"],
  ["L['self']", ""],
  ["L_own.x", "L_own.x"],
])("the path %s is %s", (path, name) => {
  expect(parseModuleStack(`key,${path},module.Class`)[0]!.path).toBe(name);
});
