/** Keys that a schema does not know, each with the nearest right one; apart from the schema so that a slip hides nothing else. */
import type { ZodType } from "zod";
import type { ConfigProblem, KeyPath } from "./config-problem.ts";
import { findNearest } from "./find-nearest.ts";

/** The parts of zod's definitions that lead from a value to the schemas of its children. */
interface SchemaShape {
  readonly type: string;
  readonly innerType?: ZodType;
  readonly in?: ZodType;
  readonly shape?: Readonly<Record<string, ZodType>>;
  readonly valueType?: ZodType;
  readonly element?: ZodType;
  readonly catchall?: ZodType;
  readonly options?: readonly ZodType[];
}

/** Every unknown key in the data, wherever it is. Lines are left to the caller (0). */
export function findUnknownKeys(schema: ZodType, data: unknown, path: KeyPath = []): ConfigProblem[] {
  const definition = shapeOf(schema);
  if (definition.type === "array" && Array.isArray(data) && definition.element !== undefined) {
    const element = definition.element;
    return data.flatMap((entry, index) => findUnknownKeys(element, entry, [...path, index]));
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    return [];
  }
  if (definition.type === "record" && definition.valueType !== undefined) {
    const valueType = definition.valueType;
    return Object.entries(data).flatMap(([key, value]) => findUnknownKeys(valueType, value, [...path, key]));
  }
  if (definition.type === "union") {
    // Of a text or a section, only the section has keys.
    const section = definition.options?.find((option) => shapeOf(option).type === "object");
    return section === undefined ? [] : findUnknownKeys(section, data, path);
  }
  const shape = definition.shape;
  if (definition.type !== "object" || shape === undefined) {
    return [];
  }
  return Object.entries(data).flatMap(([key, value]) => {
    const child = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (child !== undefined) {
      return findUnknownKeys(child, value, [...path, key]);
    }
    if (definition.catchall !== undefined) {
      return [];
    }
    return [{ path: [...path, key], line: 0, message: describeUnknown(key, Object.keys(shape)) }];
  });
}

/** 'unknown key, did you mean "intervals"?', or the list of the right ones when none is near. */
export function describeUnknown(key: string, known: readonly string[]): string {
  const nearest = findNearest(key, known);
  return nearest === undefined
    ? `unknown key; known here: ${known.join(", ")}`
    : `unknown key, did you mean "${nearest}"?`;
}

/** Looks through optional, nullable, default and pipe. */
function shapeOf(schema: ZodType): SchemaShape {
  let definition = schema.def as unknown as SchemaShape;
  for (;;) {
    const inner = definition.innerType ?? definition.in;
    if (inner === undefined) {
      return definition;
    }
    definition = inner.def as unknown as SchemaShape;
  }
}
