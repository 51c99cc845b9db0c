import type { OnnxTypeInfo } from "./type-info.ts";

/**
 * The messages of onnx.proto3 (IR version 14) as plain objects.
 *
 * Names are the schema's in camel case, plural where repeated. A property that is not optional is always there after reading (`""`, `0` or
 * an empty array when the file lacks it); an optional one is missing when the file lacks it. Bytes are views of the file.
 */

/** A 64-bit integer: a number while that is exact (|value| < 2^53), a bigint beyond. */
export type OnnxInteger = number | bigint;

export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: OnnxInteger;
  readonly docString?: string;
  readonly graph: OnnxGraph;
  /** Empty only in models of IR version 1 and 2. */
  readonly opsetImports: readonly OnnxOperatorSet[];
  readonly metadataProps?: readonly OnnxEntry[];
  readonly trainingInfos?: readonly OnnxTrainingInfo[];
  readonly functions: readonly OnnxFunction[];
  readonly configurations?: readonly OnnxDeviceConfiguration[];
}

/** The domain `""` is the standard `ai.onnx`. */
export interface OnnxOperatorSet {
  readonly domain: string;
  readonly version: number;
}

export interface OnnxEntry {
  readonly key: string;
  readonly value: string;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: readonly OnnxTensor[];
  readonly sparseInitializers: readonly OnnxSparseTensor[];
  readonly valueInfos: readonly OnnxValueInfo[];
  readonly quantizationAnnotations?: readonly OnnxTensorAnnotation[];
  readonly docString?: string;
  readonly metadataProps?: readonly OnnxEntry[];
}

/** An empty name among `inputs` or `outputs` is an optional one left out. */
export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
  readonly overload?: string;
  readonly docString?: string;
  readonly metadataProps?: readonly OnnxEntry[];
  readonly deviceConfigurations?: readonly OnnxNodeDeviceConfiguration[];
}

/**
 * `type` is the code of an attribute kind (0 in files of IR version 1) and tells which of the value properties counts; `decodeAttribute`
 * gives it as one typed value. `refAttrName` is set only inside a function: the value is the caller's attribute of that name.
 */
export interface OnnxAttribute {
  readonly name: string;
  readonly type: number;
  readonly refAttrName?: string;
  readonly docString?: string;
  readonly float?: number;
  readonly int?: OnnxInteger;
  readonly string?: Uint8Array;
  readonly tensor?: OnnxTensor;
  readonly graph?: OnnxGraph;
  readonly sparseTensor?: OnnxSparseTensor;
  readonly typeProto?: OnnxTypeInfo;
  readonly floats?: readonly number[];
  readonly ints?: readonly OnnxInteger[];
  readonly strings?: readonly Uint8Array[];
  readonly tensors?: readonly OnnxTensor[];
  readonly graphs?: readonly OnnxGraph[];
  readonly sparseTensors?: readonly OnnxSparseTensor[];
  readonly typeProtos?: readonly OnnxTypeInfo[];
}

/** A function local to the model, known by domain, name and overload. `attributes` have no default value, `attributeProtos` have one. */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly attributeProtos: readonly OnnxAttribute[];
  readonly nodes: readonly OnnxNode[];
  readonly opsetImports: readonly OnnxOperatorSet[];
  readonly valueInfos?: readonly OnnxValueInfo[];
  readonly docString?: string;
  readonly metadataProps?: readonly OnnxEntry[];
}

/**
 * A stored tensor: `decodeTensor` gives its elements. `dataType` is the code of an `OnnxDataType`. The elements are in `rawData`, in one of
 * the typed fields, or, when `dataLocation` is 1, in the file that `externalData` names.
 */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly segment?: OnnxSegment;
  readonly floatData?: Float32Array;
  readonly int32Data?: Int32Array;
  readonly stringData?: readonly Uint8Array[];
  readonly int64Data?: BigInt64Array;
  readonly rawData?: Uint8Array;
  readonly doubleData?: Float64Array;
  readonly uint64Data?: BigUint64Array;
  readonly docString?: string;
  readonly externalData?: readonly OnnxEntry[];
  readonly dataLocation?: number;
  readonly metadataProps?: readonly OnnxEntry[];
}

export interface OnnxSegment {
  readonly begin: number;
  readonly end: number;
}

/** `indices` is i64 of shape [count] (linear) or [count, rank]; the tensor's name is that of `values`. */
export interface OnnxSparseTensor {
  readonly values?: OnnxTensor;
  readonly indices?: OnnxTensor;
  readonly dims: readonly number[];
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type?: OnnxTypeInfo;
  readonly docString?: string;
  readonly metadataProps?: readonly OnnxEntry[];
}

/** Names the tensors (scale, zero point) that quantize `tensorName`. */
export interface OnnxTensorAnnotation {
  readonly tensorName: string;
  readonly quantParameterTensorNames: readonly OnnxEntry[];
}

export interface OnnxTrainingInfo {
  readonly initialization?: OnnxGraph;
  readonly algorithm?: OnnxGraph;
  readonly initializationBindings: readonly OnnxEntry[];
  readonly updateBindings: readonly OnnxEntry[];
}

export interface OnnxDeviceConfiguration {
  readonly name: string;
  readonly numDevices: number;
  readonly devices: readonly string[];
}

export interface OnnxNodeDeviceConfiguration {
  readonly configurationId: string;
  readonly shardingSpecs: readonly OnnxShardingSpec[];
  readonly pipelineStage?: number;
}

export interface OnnxShardingSpec {
  readonly tensorName: string;
  readonly devices: readonly OnnxInteger[];
  readonly indexToDeviceGroupMaps: readonly { readonly key: OnnxInteger; readonly values: readonly OnnxInteger[] }[];
  readonly shardedDims: readonly OnnxShardedDim[];
}

export interface OnnxShardedDim {
  readonly axis: number;
  readonly simpleShardings: readonly {
    readonly dimValue?: number;
    readonly dimParam?: string;
    readonly numShards: number;
  }[];
}
