import type {
  Attribute,
  AttributeSpec,
  Attributes,
  AxisRange,
  Body,
  Cost,
  DType,
  InputSpec,
  Node,
  Operator,
  OperatorSample,
  QuantizationRule,
  Shape,
  Sliced,
  Tensor,
  Transposed,
  Value,
  ValueType,
} from "@millrace/ir";

type Slot<A extends InputSpec["arity"] = InputSpec["arity"]> = {
  readonly arity: A;
  readonly dtypes?: readonly DType[];
};
type Slots = Readonly<Record<string, Slot>>;
type Specs = Readonly<Record<string, AttributeSpec>>;

/** Inputs by name, as values or as tensors. */
export type Named<S extends Slots, T> = {
  readonly [K in keyof S]: S[K] extends Slot<"many"> ? readonly T[] : S[K] extends Slot<"optional"> ? T | undefined : T;
};

/** Attributes by name with their types. */
export type AttributesOf<A extends Specs> = {
  readonly [K in keyof A]: A[K] extends AttributeSpec<infer T extends Attribute> ? T : never;
};

/** What an operator is made of; see `Operator` for the meaning of each answer. */
export interface Definition<S extends Slots, A extends Specs> {
  readonly name: string;
  readonly inputs: S;
  readonly attributes: A;
  readonly quantization: QuantizationRule;
  readonly scaling?: Operator["scaling"];
  infer(inputs: Named<S, Value>, attributes: AttributesOf<A>): ValueType | readonly ValueType[];
  largest?(inputs: Named<S, Value>, attributes: AttributesOf<A>): readonly Shape[];
  bodies?(inputs: Named<S, Value>, attributes: AttributesOf<A>): readonly Body[];
  /** Conditions beyond the types, in order: what must hold, as a sentence, and the test. Each may rely on those before it. */
  readonly check?: readonly (readonly [string, (inputs: Named<S, Value>, attributes: AttributesOf<A>) => boolean])[];
  /** Multiply-accumulates of one node; 0 without it. */
  macs?(inputs: Named<S, Value>, output: Value, attributes: AttributesOf<A>): number;
  transposed?(
    inputs: Named<S, Value>,
    attributes: AttributesOf<A>,
    permutation: readonly number[],
  ): Transposed | undefined;
  widened?(attributes: AttributesOf<A>, axis: number): Attributes | undefined;
  sliced?(inputs: Named<S, Value>, attributes: AttributesOf<A>, range: AxisRange): Sliced | undefined;
  evaluate?(
    inputs: Named<S, Tensor>,
    attributes: AttributesOf<A>,
    outputs: readonly ValueType[],
    types: Partial<Named<S, ValueType>>,
  ): Tensor | readonly Tensor[];
  readonly samples?: readonly OperatorSample[];
}

/** An operator whose nodes can be read with their names and types. */
export interface TypedOperator<S extends Slots, A extends Specs> extends Operator {
  /** The node's inputs by name. */
  inputsOf(node: Node): Named<S, Value>;
  attributesOf(node: Node): AttributesOf<A>;
}

export function one(...dtypes: DType[]): Slot<"one"> {
  return { arity: "one", ...(dtypes.length > 0 && { dtypes }) };
}

export function optional(...dtypes: DType[]): Slot<"optional"> {
  return { arity: "optional", ...(dtypes.length > 0 && { dtypes }) };
}

export function many(...dtypes: DType[]): Slot<"many"> {
  return { arity: "many", ...(dtypes.length > 0 && { dtypes }) };
}

/** Makes an operator out of its answers. */
export function defineOp<const S extends Slots, const A extends Specs>(
  definition: Definition<S, A>,
): TypedOperator<S, A> {
  const slots: InputSpec[] = Object.entries(definition.inputs).map(([name, slot]) => ({ name, ...slot }));
  const named = <T>(inputs: readonly (T | undefined)[]) => nameInputs(slots, inputs) as Named<S, T>;
  const typed = (attributes: Attributes) => attributes as AttributesOf<A>;
  const { bodies, evaluate, largest, macs, scaling, sliced, transposed, widened } = definition;
  return {
    name: definition.name,
    inputs: slots,
    attributes: definition.attributes,
    quantization: definition.quantization,
    samples: definition.samples ?? [],
    inputsOf: (node) => named(node.inputs),
    attributesOf: (node) => typed(node.attributes),
    infer: (inputs, attributes) => asList(definition.infer(named(inputs), typed(attributes))),
    check: (inputs, attributes) => problemsOf(slots, definition, inputs, attributes),
    cost: (inputs, outputs, attributes): Cost => ({ macs: macs?.(named(inputs), outputs[0], typed(attributes)) ?? 0 }),
    transposed: (inputs, attributes, permutation) => transposed?.(named(inputs), typed(attributes), permutation),
    ...(scaling && { scaling }),
    ...(widened && { widened: (attributes: Attributes, axis: number) => widened(typed(attributes), axis) }),
    ...(sliced && {
      sliced: (inputs: readonly (Value | undefined)[], attributes: Attributes, range: AxisRange) =>
        sliced(named(inputs), typed(attributes), range),
    }),
    ...(largest && {
      largest: (inputs: readonly (Value | undefined)[], attributes: Attributes) =>
        largest(named(inputs), typed(attributes)),
    }),
    ...(bodies && {
      bodies: (inputs: readonly (Value | undefined)[], attributes: Attributes) =>
        bodies(named(inputs), typed(attributes)),
    }),
    ...(evaluate && {
      evaluate: (
        inputs: readonly (Tensor | undefined)[],
        attributes: Attributes,
        outputs: readonly ValueType[],
        types: readonly (ValueType | undefined)[] = [],
      ) => asList(evaluate(named(inputs), typed(attributes), outputs, named(types))),
    }),
  };
}

function asList<T>(result: T | readonly T[]): readonly T[] {
  return Array.isArray(result) ? result : [result as T];
}

function nameInputs<T>(slots: readonly InputSpec[], inputs: readonly (T | undefined)[]): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  slots.forEach(({ name, arity }, index) => {
    named[name] = arity === "many" ? inputs.slice(index) : inputs[index];
  });
  return named;
}

function problemsOf<S extends Slots, A extends Specs>(
  slots: readonly InputSpec[],
  definition: Definition<S, A>,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
): readonly string[] {
  const problems = [
    ...inputProblems(slots, inputs, definition.quantization),
    ...attributeProblems(definition.attributes, attributes),
  ];
  if (problems.length > 0) return problems;
  const named = nameInputs(slots, inputs) as Named<S, Value>;
  const broken = definition.check?.find(([, holds]) => !holds(named, attributes as AttributesOf<A>));
  return broken ? [`it must hold that ${broken[0]}`] : [];
}

/** Integers that stand for reals may take the place of reals in an operator that has an integer form. */
function inputProblems(
  slots: readonly InputSpec[],
  inputs: readonly (Value | undefined)[],
  quantization: QuantizationRule,
): string[] {
  const problems: string[] = [];
  const open = slots.at(-1)?.arity === "many";
  if (!open && inputs.length > slots.length)
    problems.push(`it takes at most ${slots.length} inputs, not ${inputs.length}`);
  slots.forEach(({ name, arity }, index) => {
    if (arity === "one" && inputs[index] === undefined) problems.push(`input ${name} is missing`);
  });
  inputs.forEach((value, index) => {
    const slot = slots[Math.min(index, slots.length - 1)];
    if (value === undefined && slot?.arity === "many") problems.push(`input ${index} of ${slot.name} is missing`);
    const dtype = value?.type.dtype;
    const integerForm = value?.type.quantization !== undefined && quantization.kind !== "float";
    if (dtype && slot?.dtypes && !slot.dtypes.includes(dtype) && !integerForm) {
      problems.push(`input ${slot.name} is ${dtype}, but only ${slot.dtypes.join(", ")} will do`);
    }
  });
  return problems;
}

function attributeProblems(specs: Specs, attributes: Attributes): string[] {
  const problems = Object.entries(specs)
    .filter(([name, spec]) => attributes[name] === undefined || !spec.accepts(attributes[name]))
    .map(([name, spec]) => `attribute ${name} must be ${spec.describe}`);
  const unknown = Object.keys(attributes).filter((name) => !Object.hasOwn(specs, name));
  return [...problems, ...unknown.map((name) => `there is no attribute ${name}`)];
}
