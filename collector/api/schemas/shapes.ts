/** JSON schemas that the others are made of. They describe; they never filter what is sent. */

export const TEXT = {
  type: "object",
  description: "Text for people in both languages",
  additionalProperties: false,
  required: ["en", "zh"],
  properties: { en: { type: "string" }, zh: { type: "string" } },
} as const;

export const TIMESTAMP = {
  type: "string",
  format: "date-time",
  description: "RFC 3339 UTC with milliseconds",
  examples: ["2026-11-22T03:12:09.000Z"],
} as const;

export const PROBLEM_SCHEMA = {
  $id: "Problem",
  type: "object",
  description: "RFC 9457",
  additionalProperties: false,
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What was expected and what came" },
    field: { type: "string", description: "The field that is wrong, where there is one" },
  },
  examples: [
    {
      type: "about:blank",
      title: "Bad Request",
      status: 400,
      detail: 'from: expected RFC 3339 such as 2026-11-22T03:12:09Z, got "yesterday"',
      field: "from",
    },
  ],
} as const;

/** An object all of whose fields are always there. */
export function complete(properties: Readonly<Record<string, object>>): object {
  return { type: "object", additionalProperties: false, required: Object.keys(properties), properties };
}

export function listOf(items: object): object {
  return { type: "array", items };
}

export function orNull(schema: object): object {
  return { anyOf: [schema, { type: "null" }] };
}

export const STRING = { type: "string" } as const;
export const BOOLEAN = { type: "boolean" } as const;
export const NUMBER = { type: "number" } as const;
export const INTEGER = { type: "integer" } as const;
export const STRINGS = listOf(STRING);

/** 64-bit IDs are hex; 64-bit counts are decimal strings. */
export const HEX_ID = {
  type: "string",
  pattern: "^[0-9a-f]{1,16}$",
  examples: ["91bc3c398fb3c146"],
} as const;
export const COUNT_64 = {
  type: "string",
  pattern: "^[0-9]+$",
  description: "Unsigned 64-bit, decimal",
} as const;

export const NEXT_CURSOR = {
  ...orNull(STRING),
  description: "Give it as cursor for the next page; null: this is the last",
};
