/** Receivers in the collector's configuration: a URL, or a section when there is more to say than where it is. */
import { accessSync, constants } from "node:fs";
import { z } from "zod";
import { valueAt } from "../shared/config/describe-issue.ts";
import { httpUrl, path } from "../shared/config/field-types.ts";
import type { PlacedMessage } from "../shared/config/load-config.ts";
import type { OutputTarget, WebhookTarget } from "./config.ts";

/** A chat's message fits many times. */
const MAX_TEMPLATE_LENGTH = 16_384;

function sectionOf(resolvePath: (path: string) => string) {
  return {
    url: httpUrl(),
    minSeverity: z.enum(["info", "warning", "critical"]).optional(),
    ca: path(resolvePath).optional(),
    tokenFile: path(resolvePath).optional(),
  };
}

export function targetSchema(resolvePath: (path: string) => string): z.ZodType<RawTarget> {
  return z.union([httpUrl(), z.object(sectionOf(resolvePath))]);
}

export function webhookSchema(resolvePath: (path: string) => string): z.ZodType<RawWebhook> {
  const section = {
    ...sectionOf(resolvePath),
    secretFile: path(resolvePath).optional(),
    template: z.string().min(1).max(MAX_TEMPLATE_LENGTH).optional(),
  };
  return z.union([httpUrl(), z.object(section)]);
}

interface TargetSection {
  readonly url: string;
  readonly minSeverity?: OutputTarget["minSeverity"] | undefined;
  readonly ca?: string | undefined;
  readonly tokenFile?: string | undefined;
}

interface WebhookSection extends TargetSection {
  readonly secretFile?: string | undefined;
  readonly template?: string | undefined;
}

type RawTarget = string | TargetSection;
type RawWebhook = string | WebhookSection;

/** People are woken by what needs them: what is only worth knowing is not told unless it is asked for. */
export function completeTarget(raw: RawTarget): OutputTarget {
  const section = typeof raw === "string" ? { url: raw } : raw;
  return {
    url: section.url,
    minSeverity: section.minSeverity ?? "warning",
    ca: section.ca,
    tokenFile: section.tokenFile,
  };
}

export function completeWebhook(raw: RawWebhook): WebhookTarget {
  const section = typeof raw === "string" ? { url: raw } : raw;
  return { ...completeTarget(section), secretFile: section.secretFile, template: section.template };
}

const SECTIONS = [["alerts", "alertmanager"], ["alerts", "webhook"], ["remoteWrite"]] as const;

/** Files that a receiver needs and that cannot be read. */
export function findTargetProblems(data: unknown, resolvePath: (path: string) => string): PlacedMessage[] {
  return SECTIONS.flatMap((section) => {
    const entries = valueAt(data, section);
    return (Array.isArray(entries) ? entries : []).flatMap((_, index) =>
      (["ca", "tokenFile", "secretFile"] as const).flatMap((key) => {
        const written = valueAt(data, [...section, index, key]);
        return typeof written === "string" && !canRead(resolvePath(written))
          ? [{ path: [...section, index, key], message: `cannot be read: ${resolvePath(written)}` }]
          : [];
      }),
    );
  });
}

const NEEDED_FILES = [
  ["grpc", "revoked"],
  ["grpc", "enrol", "ca"],
  ["grpc", "enrol", "key"],
  ["grpc", "enrol", "joinKey"],
] as const;

/** Files of the agents' port, beside its certificates, that cannot be read. */
export function findMissingFiles(data: unknown, resolvePath: (path: string) => string): PlacedMessage[] {
  return NEEDED_FILES.flatMap((place) => {
    const written = valueAt(data, place);
    return typeof written === "string" && !canRead(resolvePath(written))
      ? [{ path: place, message: `cannot be read: ${resolvePath(written)}` }]
      : [];
  });
}

function canRead(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
