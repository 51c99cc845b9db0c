import { createLiteRt, createTfjsTflite, tfliteEngine } from "@millrace/devices/node";
import { fromNumbers, numbersOf, parseGraph, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";

const every = Array.from({ length: 256 }, (_, at) => at - 128);

/** Mish of every byte, and of numbers up to where exponentials overflow. */
const forms: readonly { readonly name: string; readonly text: string; readonly x: Tensor; readonly digits: number }[] =
  [
    {
      name: "int8, a table in the file",
      text: `graph bytes
    input x: i8[2,128]<scale=[0.04], zeroPoint=[-20]>
    y: i8[2,128]<scale=[0.03], zeroPoint=[-90]> = mish(x)
    output y`,
      x: fromNumbers("i8", [2, 128], every),
      digits: 9,
    },
    {
      name: "float32, written out",
      text: `graph reals
    input x: f32[256]
    y: f32[256] = mish(x)
    output y`,
      x: fromNumbers("f32", [256], every),
      digits: 4,
    },
  ];

describe.each(forms)("Mish: $name", ({ text, x, digits }) => {
  test.each([
    ["LiteRT", createLiteRt],
    ["TFLite for the web", createTfjsTflite],
  ])("%s computes what the reference does", async (_, create) => {
    const graph = parseGraph(text, operators);
    const feeds = new Map([["x", x]]);
    const [expected] = [...(await (await referenceEngine().prepare(graph)).run(feeds)).values()].map(numbersOf);
    const prepared = await tfliteEngine([create]).prepare(graph);
    const [actual] = [...(await prepared.run(feeds)).values()].map(numbersOf);
    await prepared.dispose();
    expect(Array.from(actual)).toEqual(Array.from(expected, (number) => expect.closeTo(number, digits)));
  });
});
