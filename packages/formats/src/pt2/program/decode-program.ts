import type { JsonField } from "../json/json-field.ts";
import type { ExportedProgram, Integer, ModuleCall, RangeConstraint } from "./exported-program.ts";
import { decodeGraph } from "./graph.ts";
import { decodeSignature } from "./signature.ts";

/** The newest schema whose meaning is known; a minor version only adds. */
const maximumMajor = 8;
/** The oldest whose signature lists a specification for each input. */
const minimumMajor = 2;

/**
 * An exported program from the JSON of `models/*.json` or `serialized_exported_program.json`; fields that are not known are left
 * out. Throws FormatError `pt2.schema-version`, `pt2.malformed` with the place in the file, `pt2.unknown-argument`,
 * `pt2.scalar-type` and `pt2.expression`.
 */
export function decodeProgram(field: JsonField): ExportedProgram {
  const schemaVersion = decodeVersion(field.at("schema_version"));
  const module = field.at("graph_module");
  return {
    schemaVersion,
    torchVersion: field.at("torch_version").optional((text) => text.string()) ?? "",
    verifiers: decodeVerifiers(field),
    opsetVersions:
      field.at("opset_version").optional((versions) => versions.map((version) => version.integer())) ?? new Map(),
    rangeConstraints: field.at("range_constraints").map(decodeRange),
    guards: field.at("guards_code").optional((list) => list.list((text) => text.string())) ?? [],
    graph: decodeGraph(module.at("graph")),
    signature: decodeSignature(module.at("signature")),
    moduleCalls: module.at("module_call_graph").list(decodeModuleCall),
  };
}

/** Before version 5 there was one number. */
function decodeVersion(field: JsonField): ExportedProgram["schemaVersion"] {
  const version = field.isObject
    ? { major: field.at("major").smallInteger(), minor: field.at("minor").smallInteger() }
    : { major: field.smallInteger(), minor: 0 };
  if (version.major >= minimumMajor && version.major <= maximumMajor) return version;
  return field.fail(
    `is ${version.major}.${version.minor}, but only versions ${minimumMajor} to ${maximumMajor} can be read`,
    "schema-version",
  );
}

/** Older files name one dialect. */
function decodeVerifiers(field: JsonField): readonly string[] {
  const verifiers = field.at("verifiers").optional((list) => list.list((text) => text.string()));
  if (verifiers !== undefined) return verifiers;
  const dialect = field.at("dialect").optional((text) => text.string());
  return dialect === undefined ? [] : [dialect];
}

function decodeRange(field: JsonField): RangeConstraint {
  const minimum = decodeBound(field.at("min_val"));
  const maximum = decodeBound(field.at("max_val"));
  return { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
}

/** An infinite bound is none; torch writes it as null, a number or a text. */
function decodeBound(field: JsonField): Integer | undefined {
  return field.optional((bound) => (bound.isInfinite ? undefined : bound.integer()));
}

function decodeModuleCall(field: JsonField): ModuleCall {
  const path = field.at("fqn").string();
  const signature = field.at("signature");
  if (!signature.present) return { path, forwardArguments: [] };
  return {
    path,
    inputStructure: signature.at("in_spec").string(),
    outputStructure: signature.at("out_spec").string(),
    forwardArguments: signature.at("forward_arg_names").optional((list) => list.list((text) => text.string())) ?? [],
  };
}
