import {
  type BuiltinOperatorName,
  packInt4,
  type TensorTypeName,
  type TfliteDraft,
  writeTflite,
} from "@millrace/formats/tflite";
import { bytesOf, type DType, fromNumbers, type Quantization, type Tensor, tensorOf } from "@millrace/ir";
import { type Random, randomElements, type Spread, spreads } from "./random.ts";

/** A tensor of the operator: fed, constant (given or random numbers), or kept from run to run. */
export interface Operand {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly quantization?: Quantization;
  readonly constant?: readonly number[] | "random";
  readonly variable?: boolean;
  /** Least and greatest stored element, where not all of the type will do. */
  readonly range?: readonly [number, number];
}

/** One operator of a file of its own. */
export interface OperatorDraft {
  readonly operator: BuiltinOperatorName;
  readonly custom?: { readonly name: string; readonly options: Uint8Array };
  readonly version?: number;
  readonly options?: TfliteDraft<"Operator">["builtinOptions"];
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputs: readonly Operand[];
  readonly intermediates?: readonly Operand[];
}

const typeNames: Readonly<Partial<Record<DType, TensorTypeName>>> = {
  f32: "FLOAT32",
  f16: "FLOAT16",
  f64: "FLOAT64",
  i4: "INT4",
  i8: "INT8",
  i16: "INT16",
  i32: "INT32",
  i64: "INT64",
  u8: "UINT8",
  u32: "UINT32",
  bool: "BOOL",
};

/** A file of one operator, and tensors for each of its fed operands in every run. */
export interface SingleOperator {
  readonly bytes: Uint8Array;
  readonly runs: readonly (readonly Tensor[])[];
}

function constantData(operand: Operand, random: Random): Uint8Array {
  const { dtype, shape, constant } = operand;
  const tensor =
    constant === "random"
      ? tensorOf(dtype, shape, randomElements(operand, random.pick(spreads.slice(0, 2)), random))
      : fromNumbers(dtype, shape, constant!);
  return dtype === "i4" ? packInt4(tensor.data as Int8Array) : bytesOf(tensor);
}

function tensorDraft(operand: Operand, name: string, buffer: number): TfliteDraft<"Tensor"> {
  const { dtype, shape, quantization, variable } = operand;
  return {
    name,
    shape,
    type: typeNames[dtype]!,
    buffer,
    hasRank: true,
    ...(variable && { isVariable: true }),
    ...(quantization && {
      quantization: {
        scale: quantization.scale,
        zeroPoint: quantization.zeroPoint.map(BigInt),
        quantizedDimension: quantization.axis ?? 0,
      },
    }),
  };
}

/** Writes the file and draws its inputs. */
export function singleOperator(draft: OperatorDraft, random: Random): SingleOperator {
  const tensors: TfliteDraft<"Tensor">[] = [];
  const buffers: TfliteDraft<"Buffer">[] = [{}];
  const fed: Operand[] = [];
  const inputs: number[] = [];
  const add = (operand: Operand, name: string) => {
    const buffer = operand.constant ? buffers.push({ data: constantData(operand, random) }) - 1 : 0;
    return tensors.push(tensorDraft(operand, name, buffer)) - 1;
  };
  const operands = draft.inputs.map((operand, at) => {
    if (operand === undefined) return -1;
    const index = add(operand, `input${at}`);
    if (!operand.constant && !operand.variable) inputs.push(index);
    if (!operand.constant && !operand.variable) fed.push(operand);
    return index;
  });
  const outputs = draft.outputs.map((operand, at) => add(operand, `output${at}`));
  const intermediates = draft.intermediates?.map((operand, at) => add(operand, `intermediate${at}`));
  const { operator, version = 1, custom, options } = draft;
  const bytes = writeTflite({
    operatorCodes: [{ builtinCode: operator, version, ...(custom && { customCode: custom.name }) }],
    subgraphs: [
      {
        name: "main",
        tensors,
        inputs,
        outputs,
        operators: [
          {
            inputs: operands,
            outputs,
            ...(intermediates && { intermediates }),
            ...(options && { builtinOptions: options }),
            ...(custom && { customOptions: custom.options }),
          },
        ],
      },
    ],
    buffers,
  });
  const run = (spread: Spread) =>
    fed.map((operand) => tensorOf(operand.dtype, operand.shape, randomElements(operand, spread, random)));
  return { bytes, runs: spreads.map(run) };
}
