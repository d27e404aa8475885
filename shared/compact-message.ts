/**
 * Messages that are kept for hours, in a form that takes half of the memory. What `fromBinary` makes is for a moment: each text is a
 * copy, each list has room for seventeen items, and an object of more than a dozen fields is a hash table.
 */
import { isMessage, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { createInterned } from "./interned.ts";

/** Longer texts are seldom said twice. */
const MAX_SHARED_LENGTH = 100;

const internText = createInterned((text) => text);

/** An object with these names, as text: V8 gives all that it parses of one text the same layout, which they share. */
const internTemplate = createInterned((names) => {
  const list = JSON.parse(names) as readonly string[];
  return JSON.stringify(Object.fromEntries(list.map((name) => [name, null])));
});

/** A message equal to this one in everything. This one is not to be used any more: parts of it go on in the new one. */
export function compactMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): MessageShape<Desc> {
  return compact(schema, message) as MessageShape<Desc>;
}

function compact(schema: DescMessage, message: unknown): unknown {
  // some types of protobuf's own are not messages in JavaScript
  if (!isMessage(message) || Object.getPrototypeOf(message) !== Object.prototype) {
    return message;
  }
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  const names = Object.keys(fields);
  const made = JSON.parse(internTemplate(JSON.stringify(names))) as Record<string, unknown>;
  for (const name of names) {
    made[name] = fields[name];
  }
  for (const member of schema.members) {
    const name = member.localName;
    if (fields[name] === undefined) {
      continue;
    }
    if (member.kind === "field") {
      made[name] = compactField(member, fields[name]);
      continue;
    }
    const chosen = fields[name] as { readonly case?: string; readonly value?: unknown };
    const field = member.fields.find(({ localName }) => localName === chosen.case);
    if (field !== undefined) {
      made[name] = { case: chosen.case, value: compactField(field, chosen.value) };
    }
  }
  return made;
}

function compactField(field: DescField, value: unknown): unknown {
  if (field.fieldKind === "list") {
    return (value as readonly unknown[]).map((item) => compactValue(field.message, item));
  }
  if (field.fieldKind !== "map") {
    return compactValue(field.message, value);
  }
  const entries = value as Record<string, unknown>;
  for (const key of Object.keys(entries)) {
    entries[key] = compactValue(field.message, entries[key]);
  }
  return entries;
}

function compactValue(schema: DescMessage | undefined, value: unknown): unknown {
  if (schema !== undefined) {
    return compact(schema, value);
  }
  return typeof value === "string" && value.length <= MAX_SHARED_LENGTH ? internText(value) : value;
}
