/** What a webhook gets: the document, or the operator's own template filled in; signed so that the receiver can trust it. Pure. */
import { createHmac } from "node:crypto";
import type { Finding } from "../../shared/rest.ts";

export interface WebhookEvent {
  readonly event: "opened" | "changed" | "resolved";
  readonly cluster: string;
  readonly at: string;
  readonly finding: Finding;
}

/** The same for the same news, also of another collector or after a restart: receivers may drop what they know. */
export function deliveryId({ event, finding }: WebhookEvent): string {
  return `${finding.id}-${event}-${finding.severity}`;
}

/** `{{finding.title.en}}` and its like become the value at that path, escaped for a JSON text. */
export function renderWebhook(news: WebhookEvent, template: string | undefined): string {
  const document = { version: "1", ...news, respondWithin: news.finding.respondWithin };
  if (template === undefined) {
    return JSON.stringify(document);
  }
  return template.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_, path: string) => escape(find(document, path)));
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of "SECONDS.BODY", so that an old delivery cannot be played again later. */
export function signBody(body: string, secret: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

function find(document: unknown, path: string): unknown {
  let value = document;
  for (const step of path.split(".")) {
    const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, step);
    value = isThere ? (value as Readonly<Record<string, unknown>>)[step] : undefined;
  }
  return value;
}

function escape(value: unknown): string {
  if (value === undefined || value === null) {
    return "";
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}
