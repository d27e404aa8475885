/** The description of the API as a page to read: plain HTML of /openapi.json, without a script or anything from elsewhere. */
import { createHash } from "node:crypto";
import { escapeHtml } from "../incident/render-report.ts";

/** What the page reads of an OpenAPI document. */
export interface ApiDescription {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const METHODS = ["get", "post"] as const;

type Method = (typeof METHODS)[number];

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
}

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); border-radius: 6px; }
details { border-bottom: 1px solid var(--line); padding: .4rem 0; }
summary { cursor: pointer; }
summary code { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); }
.note { opacity: .75; }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

export const DOCS_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function renderDocs(api: ApiDescription): string {
  const { title, version, description = "" } = api.info;
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ path, method, operation }];
    }),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags ?? []))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)} <span class="note">${escapeHtml(version)}</span></h1>
<p>${escapeHtml(description)}</p>
<p>For programs: <a href="/openapi.json">/openapi.json</a>. Endpoints answer GET and HEAD, but for those
marked POST. Errors are application/problem+json; 400 names the field that is wrong.</p>
${tags.map((tag) => renderTag(tag, operations, api)).join("\n")}
<h2>Shapes</h2>
${Object.entries(api.components.schemas).map(renderShape).join("\n")}
</body></html>
`;
}

interface Listed {
  readonly path: string;
  readonly method: Method;
  readonly operation: Operation;
}

function renderTag(tag: string, operations: readonly Listed[], api: ApiDescription): string {
  const own = operations.filter(({ operation }) => operation.tags?.includes(tag) === true);
  return `<h2>${escapeHtml(tag)}</h2>\n${own.map((listed) => renderOperation(listed, api)).join("\n")}`;
}

function renderOperation({ path, method, operation }: Listed, api: ApiDescription): string {
  const parameters = operation.parameters ?? [];
  const role = (operation.security ?? []).length > 0 ? "" : ' <span class="note">no token needed</span>';
  const verb = method === "get" ? "" : `${method.toUpperCase()} `;
  return `<details><summary><code>${verb}${escapeHtml(path)}</code> ${escapeHtml(operation.summary ?? "")}${role}</summary>
${operation.description === undefined ? "" : `<p>${escapeHtml(operation.description)}</p>`}
${parameters.length === 0 ? "" : renderParameters(parameters)}
${renderAnswers(operation, api)}</details>`;
}

function renderParameters(parameters: readonly Parameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, required = false, description = "", schema = {} }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(place)}${required ? ", required" : ""}</td>` +
      `<td>${escapeHtml(describeValues(schema))}</td><td>${escapeHtml(description)}</td></tr>`,
  );
  return `<table><tr><th>parameter</th><th>in</th><th>values</th><th></th></tr>${rows.join("")}</table>`;
}

function describeValues(schema: Schema): string {
  const { type, enum: values, minimum, maximum, default: fallback, examples } = schema;
  const range =
    minimum === undefined && maximum === undefined ? "" : ` ${minimum ?? ""} to ${maximum ?? "any"}`;
  return [
    values === undefined ? `${[type ?? "any"].flat().join(" or ")}${range}` : values.join(", "),
    ...(fallback === undefined ? [] : [`default ${JSON.stringify(fallback)}`]),
    ...(examples?.[0] === undefined ? [] : [`such as ${JSON.stringify(examples[0])}`]),
  ].join("; ");
}

function renderAnswers(operation: Operation, api: ApiDescription): string {
  return Object.entries(operation.responses["200"]?.content ?? {})
    .map(([media, { schema }]) => {
      const name = schema?.$ref?.split("/").at(-1);
      const example = name === undefined ? undefined : api.components.schemas[name]?.examples?.[0];
      const link = name === undefined ? "" : `: <a href="#${escapeHtml(name)}">${escapeHtml(name)}</a>`;
      return `<p><code>${escapeHtml(media)}</code>${link}</p>${example === undefined ? "" : renderJson(example)}`;
    })
    .join("\n");
}

function renderShape([name, schema]: readonly [string, Schema]): string {
  const { examples: _, ...shape } = schema;
  return `<details id="${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code> ${escapeHtml(schema.description ?? "")}</summary>${renderJson(shape)}</details>`;
}

function renderJson(document: unknown): string {
  const lines = JSON.stringify(document, null, 2).split("\n");
  return `<pre>${lines.map(escapeHtml).join("\n")}</pre>`;
}
