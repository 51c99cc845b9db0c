import { FormatError } from "@millrace/formats/error";
import { readCustomOptions } from "@millrace/formats/tflite";
import { type Attributes, elementCount, type ValueType } from "@millrace/ir";
import { type OpName, resultsOf } from "@millrace/ops";
import { allInputs, type Call, input, invalid, statedType } from "./call.ts";
import { finish, finishWithStates, step } from "./emit.ts";
import { type Importer, takes } from "./importer.ts";

/** Options as attributes; all must be there. The element type that TensorFlow adds says nothing new. */
function attributesOf(call: Call): Attributes {
  const { type: _, ...options } = storedOptions(call);
  const missing = Object.keys(options).find((name) => options[name] === undefined);
  if (missing) return invalid(call, `its option ${missing} is missing or no number`);
  return options as Attributes;
}

function storedOptions(call: Call): ReturnType<typeof readCustomOptions> {
  try {
    return readCustomOptions(call.builtin.slice("CUSTOM ".length), call.stored.customOptions);
  } catch (error) {
    if (error instanceof FormatError) return invalid(call, "its options are damaged");
    throw error;
  }
}

/** An operator whose operands, results and options are those of a node. */
function same(op: OpName, operands: number): Importer {
  return takes(operands, operands, (call) => finish(call, op, allInputs(call), attributesOf(call)));
}

/** An input of the graph that only this operator keeps from run to run, zeros at first. */
function ownState(call: Call, label: string, type: ValueType) {
  return call.scope.graph.addInput(`${call.name}/${label}`, type);
}

const sizesOf = (call: Call) => input(call, 0).type.shape as readonly number[];
const rowsOf = (call: Call, axes: number) => elementCount(sizesOf(call).slice(0, -axes));

const spectralSubtraction = takes(1, 1, (call) => {
  const noise = ownState(call, "noise", { dtype: "u32", shape: sizesOf(call) });
  finishWithStates(call, "signalFilterBankSpectralSubtraction", [input(call, 0), noise], attributesOf(call), [noise]);
});

const overlapAdd = takes(1, 1, (call) => {
  const { dtype } = input(call, 0).type;
  const kept = ownState(call, "kept", { dtype, shape: [rowsOf(call, 2), sizesOf(call).at(-1) ?? 0] });
  finishWithStates(call, "signalOverlapAdd", [input(call, 0), kept], attributesOf(call), [kept]);
});

const framer = takes(1, 1, (call) => {
  const attributes = attributesOf(call);
  const [size, step] = [Number(attributes["frameSize"]), Number(attributes["frameStep"])];
  const kept = ownState(call, "kept", { dtype: "i16", shape: [rowsOf(call, 1), Math.ceil(size / step) * step] });
  const count = ownState(call, "count", { dtype: "i32", shape: [1] });
  finishWithStates(call, "signalFramer", [input(call, 0), kept, count], attributes, [kept, count], 2);
});

const stacker = takes(1, 1, (call) => {
  const kept = ownState(call, "kept", { dtype: "i16", shape: statedType(call).shape });
  const count = ownState(call, "count", { dtype: "i32", shape: [1] });
  finishWithStates(call, "signalStacker", [input(call, 0), kept, count], attributesOf(call), [kept, count], 2);
});

/** Rows that come delayLength samples late: those kept and the new ones are joined, and the latest are kept. */
const delay = takes(1, 1, (call) => {
  const x = input(call, 0);
  const shape = sizesOf(call);
  const [axis, late] = [shape.length - 1, Number(attributesOf(call)["delayLength"])];
  const kept = ownState(call, "kept", { ...x.type, shape: shape.with(axis, late) });
  const [joined] = step(call, "concat", [kept, x], { axis }, [x.type]);
  const part = (start: number, size: number) => ({
    starts: shape.map((_, at) => (at === axis ? start : 0)),
    sizes: shape.with(axis, size),
    steps: shape.map(() => 1),
  });
  const [after] = step(call, "slice", [joined], part(shape[axis], late), [x.type], "kept_next");
  call.scope.states.set(kept, { after });
  finish(call, "slice", [joined], part(0, shape[axis]));
});

/**
 * The latest samples, oldest first, along the second axis. TFLite Micro ends a run here until cyclesMax samples came; here
 * every run goes on to the end, so that the results of a run in between are new already.
 */
const circularBuffer = takes(1, 1, (call) => {
  const x = input(call, 0);
  const { shape } = statedType(call);
  const kept = ownState(call, "kept", { ...x.type, shape: shape.with(1, shape[1] - 1) });
  const whole = { starts: shape.map(() => 0), steps: shape.map(() => 1) };
  finish(call, "concat", [kept, x], { axis: 1 });
  const joined = call.scope.values[call.stored.outputs[0]]!;
  const latest = { ...whole, starts: [0, 1, ...shape.slice(2).map(() => 0)], sizes: kept.type.shape };
  const [after] = step(call, "slice", [joined], latest, [x.type], "kept_next");
  call.scope.states.set(kept, { after });
});

/** A command stream of an accelerator, whose results have the types that the file states. */
const npuProgram = takes(1, Number.POSITIVE_INFINITY, (call) => {
  const results = resultsOf(call.stored.outputs.map((_, position) => statedType(call, position)));
  if (results === undefined) return invalid(call, "it has a result of a type that no program gives");
  finish(call, "npuProgram", allInputs(call), { results });
});

/** Custom operators that can be imported, by their codes. */
export const customImporters: Readonly<Record<string, Importer>> = {
  CIRCULAR_BUFFER: circularBuffer,
  MillraceNpu: npuProgram,
  SignalDelay: delay,
  SignalEnergy: same("signalEnergy", 1),
  SignalFftAutoScale: same("signalFftAutoScale", 1),
  SignalFilterBank: same("signalFilterBank", 6),
  SignalFilterBankLog: same("signalFilterBankLog", 1),
  SignalFilterBankSpectralSubtraction: spectralSubtraction,
  SignalFilterBankSquareRoot: same("signalFilterBankSquareRoot", 2),
  SignalFramer: framer,
  SignalIrfft: same("signalIrfft", 1),
  SignalOverlapAdd: overlapAdd,
  SignalPCAN: same("signalPcan", 3),
  SignalRfft: same("signalRfft", 1),
  SignalStacker: stacker,
  SignalWindow: same("signalWindow", 2),
  TFLite_Detection_PostProcess: same("detectionPostprocess", 3),
};
