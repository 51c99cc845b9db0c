/** The type of a value: one of the properties other than `denotation` is set, or none when the type is unknown. */
export interface OnnxTypeInfo {
  readonly tensor?: OnnxTensorType;
  readonly sequence?: OnnxElementType;
  readonly map?: OnnxMapType;
  readonly optional?: OnnxElementType;
  readonly sparseTensor?: OnnxTensorType;
  readonly opaque?: OnnxOpaqueType;
  readonly denotation?: string;
}

/** `elementType` is the code of an `OnnxDataType`. Without a shape the rank is unknown; a shape without dims is a scalar's. */
export interface OnnxTensorType {
  readonly elementType: number;
  readonly shape?: OnnxShape;
}

export interface OnnxShape {
  readonly dims: readonly OnnxDimension[];
}

/** A size (`value`), a symbol (`param`), or, with neither, unknown. */
export interface OnnxDimension {
  readonly value?: number;
  readonly param?: string;
  readonly denotation?: string;
}

export interface OnnxElementType {
  readonly elementType?: OnnxTypeInfo;
}

export interface OnnxMapType {
  readonly keyType: number;
  readonly valueType?: OnnxTypeInfo;
}

export interface OnnxOpaqueType {
  readonly domain: string;
  readonly name: string;
}
