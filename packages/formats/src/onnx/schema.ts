import { type MessageType, many, message, one, optional, optionalMany, optionalPacked, required } from "./message.ts";
import type {
  OnnxAttribute,
  OnnxDeviceConfiguration,
  OnnxEntry,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxNodeDeviceConfiguration,
  OnnxOperatorSet,
  OnnxSegment,
  OnnxShardedDim,
  OnnxShardingSpec,
  OnnxSparseTensor,
  OnnxTensor,
  OnnxTensorAnnotation,
  OnnxTrainingInfo,
  OnnxValueInfo,
} from "./model.ts";
import { doubles, floats, int32s, int64s, uint64s } from "./packed.ts";
import { anyInteger, bytes, float, integer, text } from "./scalar.ts";
import type {
  OnnxDimension,
  OnnxElementType,
  OnnxMapType,
  OnnxOpaqueType,
  OnnxShape,
  OnnxTensorType,
  OnnxTypeInfo,
} from "./type-info.ts";

/** The messages of onnx.proto3, IR version 14: each property with its field number and kind. */
export const modelMessage: MessageType<OnnxModel> = message("ModelProto", {
  irVersion: one(1, integer),
  producerName: optional(2, text),
  producerVersion: optional(3, text),
  domain: optional(4, text),
  modelVersion: optional(5, anyInteger),
  docString: optional(6, text),
  graph: required(7, () => graphMessage),
  opsetImports: many(8, () => operatorSetMessage),
  metadataProps: optionalMany(14, () => entryMessage),
  trainingInfos: optionalMany(20, () => trainingInfoMessage),
  functions: many(25, () => functionMessage),
  configurations: optionalMany(26, () => deviceConfigurationMessage),
});

const operatorSetMessage: MessageType<OnnxOperatorSet> = message("OperatorSetIdProto", {
  domain: one(1, text),
  version: one(2, integer),
});

const entryMessage: MessageType<OnnxEntry> = message("StringStringEntryProto", {
  key: one(1, text),
  value: one(2, text),
});

const graphMessage: MessageType<OnnxGraph> = message("GraphProto", {
  nodes: many(1, () => nodeMessage),
  name: one(2, text),
  initializers: many(5, () => tensorMessage),
  docString: optional(10, text),
  inputs: many(11, () => valueInfoMessage),
  outputs: many(12, () => valueInfoMessage),
  valueInfos: many(13, () => valueInfoMessage),
  quantizationAnnotations: optionalMany(14, () => tensorAnnotationMessage),
  sparseInitializers: many(15, () => sparseTensorMessage),
  metadataProps: optionalMany(16, () => entryMessage),
});

const nodeMessage: MessageType<OnnxNode> = message("NodeProto", {
  inputs: many(1, text),
  outputs: many(2, text),
  name: one(3, text),
  opType: one(4, text),
  attributes: many(5, () => attributeMessage),
  docString: optional(6, text),
  domain: one(7, text),
  overload: optional(8, text),
  metadataProps: optionalMany(9, () => entryMessage),
  deviceConfigurations: optionalMany(10, () => nodeDeviceConfigurationMessage),
});

const attributeMessage: MessageType<OnnxAttribute> = message("AttributeProto", {
  name: one(1, text),
  float: optional(2, float),
  int: optional(3, anyInteger),
  string: optional(4, bytes),
  tensor: optional(5, () => tensorMessage),
  graph: optional(6, () => graphMessage),
  floats: optionalMany(7, float),
  ints: optionalMany(8, anyInteger),
  strings: optionalMany(9, bytes),
  tensors: optionalMany(10, () => tensorMessage),
  graphs: optionalMany(11, () => graphMessage),
  docString: optional(13, text),
  typeProto: optional(14, () => typeMessage),
  typeProtos: optionalMany(15, () => typeMessage),
  type: one(20, integer),
  refAttrName: optional(21, text),
  sparseTensor: optional(22, () => sparseTensorMessage),
  sparseTensors: optionalMany(23, () => sparseTensorMessage),
});

const functionMessage: MessageType<OnnxFunction> = message("FunctionProto", {
  name: one(1, text),
  inputs: many(4, text),
  outputs: many(5, text),
  attributes: many(6, text),
  nodes: many(7, () => nodeMessage),
  docString: optional(8, text),
  opsetImports: many(9, () => operatorSetMessage),
  domain: one(10, text),
  attributeProtos: many(11, () => attributeMessage),
  valueInfos: optionalMany(12, () => valueInfoMessage),
  overload: optional(13, text),
  metadataProps: optionalMany(14, () => entryMessage),
});

export const tensorMessage: MessageType<OnnxTensor> = message("TensorProto", {
  dims: many(1, integer),
  dataType: one(2, integer),
  segment: optional(3, () => segmentMessage),
  floatData: optionalPacked(4, floats),
  int32Data: optionalPacked(5, int32s),
  stringData: optionalMany(6, bytes),
  int64Data: optionalPacked(7, int64s),
  name: one(8, text),
  rawData: optional(9, bytes),
  doubleData: optionalPacked(10, doubles),
  uint64Data: optionalPacked(11, uint64s),
  docString: optional(12, text),
  externalData: optionalMany(13, () => entryMessage),
  dataLocation: optional(14, integer),
  metadataProps: optionalMany(16, () => entryMessage),
});

const segmentMessage: MessageType<OnnxSegment> = message("TensorProto.Segment", {
  begin: one(1, integer),
  end: one(2, integer),
});

const sparseTensorMessage: MessageType<OnnxSparseTensor> = message("SparseTensorProto", {
  values: optional(1, () => tensorMessage),
  indices: optional(2, () => tensorMessage),
  dims: many(3, integer),
});

const valueInfoMessage: MessageType<OnnxValueInfo> = message("ValueInfoProto", {
  name: one(1, text),
  type: optional(2, () => typeMessage),
  docString: optional(3, text),
  metadataProps: optionalMany(4, () => entryMessage),
});

const typeMessage: MessageType<OnnxTypeInfo> = message("TypeProto", {
  tensor: optional(1, () => tensorTypeMessage),
  sequence: optional(4, () => elementTypeMessage),
  map: optional(5, () => mapTypeMessage),
  denotation: optional(6, text),
  opaque: optional(7, () => opaqueTypeMessage),
  sparseTensor: optional(8, () => tensorTypeMessage),
  optional: optional(9, () => elementTypeMessage),
});

const tensorTypeMessage: MessageType<OnnxTensorType> = message("TypeProto.Tensor", {
  elementType: one(1, integer),
  shape: optional(2, () => shapeMessage),
});

const shapeMessage: MessageType<OnnxShape> = message("TensorShapeProto", {
  dims: many(1, () => dimensionMessage),
});

const dimensionMessage: MessageType<OnnxDimension> = message("TensorShapeProto.Dimension", {
  value: optional(1, integer),
  param: optional(2, text),
  denotation: optional(3, text),
});

const elementTypeMessage: MessageType<OnnxElementType> = message("TypeProto.Sequence or Optional", {
  elementType: optional(1, () => typeMessage),
});

const mapTypeMessage: MessageType<OnnxMapType> = message("TypeProto.Map", {
  keyType: one(1, integer),
  valueType: optional(2, () => typeMessage),
});

const opaqueTypeMessage: MessageType<OnnxOpaqueType> = message("TypeProto.Opaque", {
  domain: one(1, text),
  name: one(2, text),
});

const tensorAnnotationMessage: MessageType<OnnxTensorAnnotation> = message("TensorAnnotation", {
  tensorName: one(1, text),
  quantParameterTensorNames: many(2, () => entryMessage),
});

const trainingInfoMessage: MessageType<OnnxTrainingInfo> = message("TrainingInfoProto", {
  initialization: optional(1, () => graphMessage),
  algorithm: optional(2, () => graphMessage),
  initializationBindings: many(3, () => entryMessage),
  updateBindings: many(4, () => entryMessage),
});

const deviceConfigurationMessage: MessageType<OnnxDeviceConfiguration> = message("DeviceConfigurationProto", {
  name: one(1, text),
  numDevices: one(2, integer),
  devices: many(3, text),
});

const nodeDeviceConfigurationMessage: MessageType<OnnxNodeDeviceConfiguration> = message(
  "NodeDeviceConfigurationProto",
  {
    configurationId: one(1, text),
    shardingSpecs: many(2, () => shardingSpecMessage),
    pipelineStage: optional(3, integer),
  },
);

const shardingSpecMessage: MessageType<OnnxShardingSpec> = message("ShardingSpecProto", {
  tensorName: one(1, text),
  devices: many(2, anyInteger),
  indexToDeviceGroupMaps: many(3, () => deviceGroupMessage),
  shardedDims: many(4, () => shardedDimMessage),
});

const deviceGroupMessage: MessageType<OnnxShardingSpec["indexToDeviceGroupMaps"][number]> = message(
  "IntIntListEntryProto",
  { key: one(1, anyInteger), values: many(2, anyInteger) },
);

const shardedDimMessage: MessageType<OnnxShardedDim> = message("ShardedDimProto", {
  axis: one(1, integer),
  simpleShardings: many(2, () => simpleShardingMessage),
});

const simpleShardingMessage: MessageType<OnnxShardedDim["simpleShardings"][number]> = message("SimpleShardedDimProto", {
  dimValue: optional(1, integer),
  dimParam: optional(2, text),
  numShards: one(3, integer),
});
