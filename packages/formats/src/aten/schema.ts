import { FormatError } from "../error.ts";

/** `Tensor`, `Scalar`, `int`, `SymInt`, `float`, `bool`, `str`, `ScalarType`, `Layout`, `Device`, `MemoryFormat`, `Generator` … */
export interface SchemaType {
  readonly base: string;
  /** Whether `None` may stand for the whole. */
  readonly optional: boolean;
  /** For lists: how many elements one number in place of the list stands for, and whether elements may be `None`. */
  readonly list?: { readonly size?: number; readonly optionalElements: boolean };
}

/** The memory that an argument or a return shares with others of the same set, and whether the operator writes it. */
export interface SchemaAlias {
  readonly set: string;
  readonly written: boolean;
}

/** `null` is None; a string may also be the name of a `ScalarType` or a `MemoryFormat`; a number for a list of known size is repeated. */
export type SchemaDefault = null | boolean | number | string | readonly (number | boolean)[];

export interface SchemaArgument {
  readonly name: string;
  readonly type: SchemaType;
  /** Left out where the argument has to be given. */
  readonly initial?: SchemaDefault;
  readonly keywordOnly: boolean;
  readonly alias?: SchemaAlias;
}

export interface SchemaReturn {
  readonly name?: string;
  readonly type: SchemaType;
  readonly alias?: SchemaAlias;
}

/** The signature of one overload of a PyTorch operator. */
export interface OperatorSchema {
  /** With its namespace: `aten::conv2d`. */
  readonly name: string;
  /** Empty for the one that Python calls `default`. */
  readonly overload: string;
  readonly arguments: readonly SchemaArgument[];
  readonly returns: readonly SchemaReturn[];
}

const declaration = /^(?:(\w+)::)?(\w+)(?:\.(\w+))?\((.*)\) -> (.+)$/;

/**
 * Parses a signature in PyTorch's schema language, such as `aten::add.out(Tensor self, Tensor other, *, Scalar alpha=1, Tensor(a!) out) ->
 * Tensor(a!)`; a name without a namespace is one of `aten`. Throws FormatError `aten.bad-schema`.
 */
export function parseSchema(text: string): OperatorSchema {
  const match = declaration.exec(text);
  if (match === null) return refuse(text);
  const [, namespace = "aten", name, overload = "", given, returned] = match;
  const parts = splitList(given!);
  const keywords = parts.indexOf("*");
  return {
    name: `${namespace}::${name}`,
    overload,
    arguments: parts.flatMap((part, i) => (i === keywords ? [] : [parseArgument(part, keywords >= 0 && i > keywords)])),
    returns: splitList(returned!.replace(/^\((.*)\)$/, "$1")).map(parseReturn),
  };
}

/** The parts between commas that no bracket encloses. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if ("([".includes(text[i]!)) depth++;
    else if (")]".includes(text[i]!)) depth--;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== "");
}

function parseArgument(text: string, keywordOnly: boolean): SchemaArgument {
  const match = /^(\S+|\S+\(\w+ -> \S+) (\w+)(?:=(.+))?$/.exec(text);
  if (match === null) return refuse(text);
  const typed = parseType(match[1]!);
  return {
    name: match[2]!,
    ...typed,
    ...(match[3] !== undefined && { initial: parseDefault(match[3], typed.type) }),
    keywordOnly,
  };
}

function parseReturn(text: string): SchemaReturn {
  const [type, name] = text.split(/ (?=\w+$)/);
  return { ...(name !== undefined && { name }), ...parseType(type!) };
}

const typePattern = /^(\w+)(?:\(([\w|]+)(!?)(?: -> \S+?)?\))?(\?)?(?:\[(\d*)\](\?)?)?$/;

function parseType(text: string): { type: SchemaType; alias?: SchemaAlias } {
  const match = typePattern.exec(text);
  if (match === null) return refuse(text);
  const [, base, set, written, innerOptional, size, outerOptional] = match;
  const isList = size !== undefined;
  return {
    type: {
      base: base!,
      optional: (isList ? outerOptional : innerOptional) !== undefined,
      ...(isList && {
        list: { ...(size !== "" && { size: Number(size) }), optionalElements: innerOptional !== undefined },
      }),
    },
    ...(set !== undefined && { alias: { set, written: written === "!" } }),
  };
}

/** What words of the language stand for where it is not a name. */
const words: Readonly<Record<string, null | boolean | number>> = { None: null, True: true, False: false, Mean: 1 };

function parseDefault(text: string, type: SchemaType): SchemaDefault {
  const quoted = /^(['"])(.*)\1$/.exec(text);
  if (quoted !== null) return quoted[2]!;
  if (text.startsWith("[")) return splitList(text.slice(1, -1)).map(parseWord) as (number | boolean)[];
  const value = parseWord(text);
  const repeated = type.list?.size !== undefined && (typeof value === "number" || typeof value === "boolean");
  return repeated ? new Array<number | boolean>(type.list!.size!).fill(value) : value;
}

function parseWord(text: string): null | boolean | number | string {
  if (Object.hasOwn(words, text)) return words[text]!;
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function refuse(text: string): never {
  throw new FormatError("aten.bad-schema", `"${text}" is not in PyTorch's schema language`, {
    hint: "write name.overload(Type argument=default, *, Type keyword) -> Type",
  });
}
