/** Gathers what a bundle holds, part by part: one that cannot be had is told with its reason and stops nothing. */
import { release, type as systemName, arch, cpus, loadavg, totalmem, uptime } from "node:os";
import { existsSync } from "node:fs";
import { isName, MAX_CLUSTER_NAME_LENGTH } from "../../shared/config/field-types.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { formatTimestamp } from "../../shared/parse-timestamp.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import { listClusters } from "../ask-options.ts";
import type { CollectorClient } from "../collector-client.ts";
import { describeConfig } from "./describe-config.ts";
import { createScrub, type Scrub } from "./scrub.ts";

export interface BundlePart {
  readonly path: string;
  readonly content: Buffer;
}

export interface MissingPart {
  readonly path: string;
  readonly because: string;
}

export interface Collected {
  readonly parts: readonly BundlePart[];
  readonly missing: readonly MissingPart[];
}

export interface CollectRequest {
  readonly client: CollectorClient;
  /** undefined: all, up to a number. */
  readonly cluster: string | undefined;
  readonly sinceMs: number;
  readonly nowMs: number;
  /** Configuration files; those that are not there are told. */
  readonly configs: readonly string[];
  /** What the command itself was given to prove who asks. */
  readonly secrets: readonly string[];
  readonly hasCapture: boolean;
  readonly readJournal: (unit: string, lines: number) => Promise<string>;
}

export const BUNDLE_LIMITS = {
  clusters: 8,
  logLines: 5000,
  /** Of one part. */
  partBytes: 16 * 1024 * 1024,
  captureBytes: 64 * 1024 * 1024,
  /** Of all parts; what comes after it is left out and told. */
  totalBytes: 192 * 1024 * 1024,
  /** A capture spans this much at the most. */
  captureMs: 6 * 3_600_000,
} as const;

export async function collectParts(request: CollectRequest): Promise<Collected> {
  const parts: BundlePart[] = [];
  const missing: MissingPart[] = [];
  let totalBytes = 0;

  async function add(path: string, read: () => Buffer | Promise<Buffer>): Promise<void> {
    try {
      const content = await read();
      const limit = path.endsWith(".etcdscope") ? BUNDLE_LIMITS.captureBytes : BUNDLE_LIMITS.partBytes;
      if (content.length > limit || totalBytes + content.length > BUNDLE_LIMITS.totalBytes) {
        throw tooLarge(content.length);
      }
      totalBytes += content.length;
      parts.push({ path, content });
    } catch (caught) {
      missing.push({ path, because: EtcdscopeError.from(caught).message });
    }
  }

  const configs = request.configs.filter((file) => existsSync(file)).map(describeConfig);
  const scrub = createScrub([...request.secrets, ...configs.flatMap(({ secrets }) => secrets)]);
  await add("about.json", () => toJson(scrub, about(request.nowMs)));
  for (const file of request.configs.filter((one) => !existsSync(one))) {
    missing.push({ path: `config/${file.split("/").at(-1) ?? file}`, because: `There is no ${file}` });
  }
  for (const { service, text } of configs) {
    await add(`config/${service}.json`, () => toText(scrub, text));
  }
  for (const service of ["agent", "collector"]) {
    const unit = `etcdscope-${service}`;
    await add(`log/${service}.txt`, async () =>
      toText(scrub, await request.readJournal(unit, BUNDLE_LIMITS.logLines)),
    );
  }
  await addAnswers(request, { add, scrub });
  return { parts, missing };
}

type Add = (path: string, read: () => Buffer | Promise<Buffer>) => Promise<void>;

/** What the collector says; where it does not answer at all, one reason is enough. */
async function addAnswers(
  request: CollectRequest,
  { add, scrub }: { readonly add: Add; readonly scrub: Scrub },
): Promise<void> {
  const { client } = request;
  const span = { from: formatTimestamp(request.nowMs - request.sinceMs), to: formatTimestamp(request.nowMs) };
  /** undefined: nobody answers. */
  const told: { names: readonly string[] | undefined } = { names: undefined };
  await add("collector/clusters.json", async () => {
    const clusters = await listClusters(client);
    // A name becomes a part of a path: what answers there may be anybody.
    const names = clusters
      .map(({ name }) => name)
      .filter((name) => isName(name, MAX_CLUSTER_NAME_LENGTH))
      .filter((name) => request.cluster === undefined || name === request.cluster);
    told.names = names;
    if (request.cluster !== undefined && names.length === 0) {
      throw new EtcdscopeError("NOT_FOUND", `The collector knows no cluster "${request.cluster}"`);
    }
    return toJson(scrub, clusters);
  });
  if (told.names === undefined) {
    return;
  }
  await add("collector/readyz.txt", async () => toText(scrub, await client.getText("/readyz")));
  await add("collector/metrics.txt", async () => toText(scrub, await client.getText("/metrics")));
  for (const name of told.names.slice(0, BUNDLE_LIMITS.clusters)) {
    const path = `/api/v1/clusters/${encodeURIComponent(name)}`;
    const answers: readonly (readonly [
      file: string,
      path: string,
      query: Readonly<Record<string, string>>,
    ])[] = [
      ["state", path, {}],
      ["findings", `${path}/findings`, { ...span, limit: "1000" }],
      ["incidents", `${path}/incidents`, { limit: "100" }],
      ["diagnosis", `${path}/diagnosis`, {}],
      ["connectivity", `${path}/connectivity`, { limit: "1000" }],
      ["certificates", `${path}/certificates`, { limit: "1000" }],
      ["backups", `${path}/backups`, {}],
      ["flags", `${path}/config`, {}],
      ["changes", `${path}/changes`, { ...span, limit: "1000" }],
      ["events", `${path}/events`, { ...span, limit: "1000" }],
    ];
    for (const [file, at, query] of answers) {
      await add(`clusters/${name}/${file}.json`, async () => toJson(scrub, await client.get(at, query)));
    }
    if (request.hasCapture) {
      const fromMs = request.nowMs - Math.min(request.sinceMs, BUNDLE_LIMITS.captureMs);
      const query = { ...span, from: formatTimestamp(fromMs) };
      // Redacted by the collector, frame by frame; its own checksum would not survive more.
      await add(
        `clusters/${name}/frames.etcdscope`,
        async () => await gather(client.getBytes(`${path}/capture`, query)),
      );
    }
  }
}

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > BUNDLE_LIMITS.captureBytes) {
      throw tooLarge(bytes);
    }
    all.push(piece);
  }
  return Buffer.concat(all);
}

function about(nowMs: number): object {
  return {
    etcdscope: ETCDSCOPE_VERSION,
    node: process.version,
    madeAt: formatTimestamp(nowMs),
    system: `${systemName()} ${release()} ${arch()}`,
    cpus: cpus().length,
    memoryBytes: totalmem(),
    uptimeSeconds: Math.round(uptime()),
    load: loadavg(),
  };
}

function toJson(scrub: Scrub, document: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(scrub(document), undefined, 1)}\n`);
}

/** Line by line: what looks for the end of a secret looks no further than its line. */
function toText(scrub: Scrub, text: string): Buffer {
  return Buffer.from(text.split("\n").map(scrub).join("\n"));
}

function tooLarge(bytes: number): EtcdscopeError {
  return new EtcdscopeError(
    "LIMIT_EXCEEDED",
    `It would be too large (${bytes} bytes and more): ask for less with --since`,
  );
}
