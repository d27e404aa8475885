/**
 * Everything that reads bytes from outside: agents, nodes, etcd, files, clients. Each takes whatever comes, or throws an EtcdscopeError;
 * any other error is a fault. What a target promises beyond that, it checks itself.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { crc32 } from "node:zlib";
import { checkAgentConfig } from "../../agent/config-file.ts";
import { flattenConfigFile } from "../../agent/discovery/parse-given-flags.ts";
import { parseManifest } from "../../agent/discovery/parse-manifest.ts";
import { parseUnit } from "../../agent/discovery/parse-unit.ts";
import { decodeGrpcFrame } from "../../agent/etcd/grpc-frame.ts";
import { MetricText } from "../../agent/etcd/parse-metrics.ts";
import { parseKernelRecord } from "../../agent/host/kernel-log.ts";
import { parseCgroup } from "../../agent/host/parse-cgroup.ts";
import { parseDiskstats } from "../../agent/host/parse-diskstats.ts";
import { parseMountinfo } from "../../agent/host/parse-mountinfo.ts";
import { parseOpenFilesLimit, parseResidentBytes } from "../../agent/host/parse-process-limits.ts";
import { parseProcessUser } from "../../agent/host/parse-process-user.ts";
import { parseStat } from "../../agent/host/parse-stat.ts";
import { parseTcpCounters } from "../../agent/host/parse-tcp-counters.ts";
import { findEstablished, kernelAddresses } from "../../agent/host/parse-tcp-sockets.ts";
import { isKeyOf, findChainProblem } from "../../agent/probe/check-certificate.ts";
import { checkHead } from "../../agent/probe/check-snapshot.ts";
import { parseLogPosition } from "../../agent/probe/log-position.ts";
import { parseAlarms } from "../../agent/probe/parse-alarms.ts";
import { parseCertificates } from "../../agent/probe/parse-certificates.ts";
import { parseDockerContainer } from "../../agent/discovery/parse-docker-container.ts";
import { parsePodmanContainer } from "../../agent/discovery/parse-podman-container.ts";
import { parseContainerEnd } from "../../agent/probe/parse-container-end.ts";
import { scanSegment } from "../../agent/spool/record.ts";
import { chooseCoding } from "../../collector/api/compress.ts";
import { parseCapture } from "../../collector/capture/capture-format.ts";
import { checkCollectorConfig } from "../../collector/config-file.ts";
import { readJoinClaim, verifyJoinToken } from "../../collector/enrol/join-token.ts";
import { createAgentStream } from "../../collector/ingest/agent-stream.ts";
import { parseIdentity } from "../../collector/ingest/identity.ts";
import { parseRevocationList } from "../../collector/ingest/revocation-list.ts";
import { systemClock } from "../../shared/clock.ts";
import { parseAddress } from "../../shared/config/parse-address.ts";
import { parseDurationMs } from "../../shared/config/parse-duration.ts";
import { parseSizeBytes } from "../../shared/config/parse-size.ts";
import { parseYamlDocument } from "../../shared/config/yaml-document.ts";
import { parseEnrolmentAnswer, parseEnrolmentRequest } from "../../shared/enrolment.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { ConnectResponseSchema, SettingsSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { decodeMessage } from "../../shared/grpc.ts";
import { createLogClassifier } from "../../shared/log/classify.ts";
import { createPartialLines } from "../../shared/log/join-partial-lines.ts";
import { createLineSplitter, decodeLine } from "../../shared/log/split-lines.ts";
import { LogSummarizer } from "../../shared/log/summarize.ts";
import { parseSeriesKey } from "../../shared/series-key.ts";
import { createExampleApi } from "../collector/api/example-api.ts";
import { AGENT, JOIN_KEY, NOW_MS, type SampleName } from "./samples.ts";

export interface FuzzTarget {
  readonly name: string;
  readonly samples: SampleName;
  /** How often its turn comes, compared with the others: what costs a millisecond has fewer. */
  readonly weight: number;
  take(bytes: Buffer): void | Promise<void>;
}

export interface FuzzTargets {
  readonly targets: readonly FuzzTarget[];
  readonly close: () => Promise<void>;
}

/** Runs each; what they refuse in our own words is as good as what they take. */
function tryEach(...parts: readonly (() => unknown)[]): void {
  for (const part of parts) {
    try {
      part();
    } catch (error) {
      if (!(error instanceof EtcdscopeError)) {
        throw error;
      }
    }
  }
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) {
    throw new Error(`Expected that ${what}`);
  }
}

export async function createTargets(hello: Buffer): Promise<FuzzTargets> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-fuzz-"));
  const file = join(folder, "fuzz.yaml");
  const { app, errors } = createExampleApi();
  await app.ready();

  function takeStream(first: readonly Buffer[], bytes: Buffer): void {
    let refusals = 0;
    const stream = createAgentStream({
      identity: AGENT,
      remote: "127.0.0.1:1",
      clock: systemClock,
      transport: {
        send: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
        end: () => undefined,
      },
      events: {
        onHello: (one) => one.welcome([], create(SettingsSchema)),
        onFrame: () => undefined,
        onDuplicate: () => undefined,
        onRefused: () => {
          refusals += 1;
        },
        onSlowed: () => undefined,
      },
    });
    [...first, bytes, bytes].forEach((message) => stream.receive(message));
    expectThat(refusals <= 1, "a stream is refused once at the most");
    stream.close();
  }

  function takeLog(bytes: Buffer): void {
    const classifier = createLogClassifier(NOW_MS);
    const summarizer = new LogSummarizer();
    let lines = 0;
    const partial = createPartialLines();
    const splitter = createLineSplitter((part) => {
      lines += 1;
      const line = partial.join(part);
      const event = line === undefined ? undefined : classifier.classify(line);
      if (line !== undefined && event !== undefined) {
        summarizer.add(event, { file: "fuzz", line: lines, text: decodeLine(line) });
      }
    });
    splitter.push(bytes.subarray(0, bytes.length / 2));
    splitter.push(bytes.subarray(bytes.length / 2));
    splitter.end();
    const { codes } = summarizer.summarize(lines, classifier.servedAtsMs());
    const told = codes.flatMap(({ evidence }) => evidence.map(({ excerpt }) => excerpt));
    expectThat(!told.some((excerpt) => /\p{Cc}/u.test(excerpt)), "no control character is told");
  }

  function takeYaml(bytes: Buffer): void {
    const text = bytes.toString();
    writeFileSync(file, bytes);
    for (const result of [checkAgentConfig(file), checkCollectorConfig(file)]) {
      expectThat(result.kind === "valid" || result.problems.length > 0, "what is not valid has a problem");
    }
    const document = parseYamlDocument(text);
    flattenConfigFile(document.data);
  }

  async function takeRequest(bytes: Buffer): Promise<void> {
    const [head = "", ...lines] = bytes.toString("latin1").split("\n");
    const [method = "", ...url] = head.split(" ");
    const headers: Record<string, string> = { host: "localhost" };
    for (const line of lines) {
      const at = line.indexOf(":");
      const name = line.slice(0, Math.max(0, at)).replaceAll(/[^\w-]/g, "");
      if (name !== "" && name !== "host" && name !== "__proto__") {
        headers[name] = line.slice(at + 1).replaceAll(/[^\x20-\x7e]/g, "");
      }
    }
    const path = `/${url
      .join(" ")
      .replaceAll(/[^\x21-\x7e]/g, "%20")
      .replace(/^\/+/, "")}`;
    if (!URL.canParse(path, "http://localhost")) {
      // what asks in memory refuses it before the API sees it
      return;
    }
    const answer = await app.inject({ method: method === "POST" ? "POST" : "GET", url: path, headers });
    expectThat(answer.statusCode !== 500, `no request is a fault of ours: ${path}`);
    expectThat(errors.length === 0, "nothing is logged as a fault");
    chooseCoding(headers["accept-encoding"]);
  }

  const targets: readonly FuzzTarget[] = [
    {
      name: "a frame of a stream",
      samples: "stream",
      weight: 14,
      take: (bytes) => takeStream([hello], bytes),
    },
    {
      name: "the first message of a stream",
      samples: "hello",
      weight: 6,
      take: (bytes) => takeStream([], bytes),
    },
    {
      name: "a message of the collector",
      samples: "hello",
      weight: 4,
      take: (bytes) =>
        tryEach(
          () => decodeMessage(ConnectResponseSchema, bytes),
          () => decodeGrpcFrame([bytes]),
        ),
    },
    { name: "a file of the spool", samples: "spool", weight: 6, take: (bytes) => void scanSegment(bytes) },
    {
      name: "a file of the spool whose checksum is right",
      samples: "hello",
      weight: 6,
      take: (bytes) => void scanSegment(Buffer.concat([seal(hello), seal(bytes), seal(bytes)])),
    },
    { name: "a capture", samples: "capture", weight: 1, take: (bytes) => tryEach(() => parseCapture(bytes)) },
    {
      name: "a capture whose checksum is right",
      samples: "capture",
      weight: 2,
      take: (bytes) => tryEach(() => parseCapture(sealCapture(bytes))),
    },
    { name: "etcd's log", samples: "log", weight: 10, take: takeLog },
    { name: "a configuration", samples: "yaml", weight: 2, take: takeYaml },
    {
      name: "a pod's manifest",
      samples: "manifest",
      weight: 2,
      take: async (bytes) => void (await parseManifest(bytes.toString(), "m1")),
    },
    {
      name: "a systemd unit",
      samples: "unit",
      weight: 6,
      take: async (bytes) =>
        void (await parseUnit(bytes.toString(), {
          hostname: "m1",
          read: async (path) => (path.includes("default") ? bytes.toString() : undefined),
        })),
    },
    {
      name: "a certificate or key",
      samples: "certificate",
      weight: 4,
      take: (bytes) => {
        const pem = bytes.toString("latin1");
        tryEach(() => parseCertificates(pem));
        // Their caller tells any error as the reason why it cannot tell.
        tryEach(
          () => anyError(() => isKeyOf(pem, pem)),
          () => anyError(() => findChainProblem(pem, pem)),
        );
      },
    },
    {
      name: "a snapshot's first pages",
      samples: "snapshot",
      weight: 8,
      take: (bytes) => void checkHead(bytes, bytes.length + (bytes[0] ?? 0)),
    },
    {
      name: "etcd's metrics",
      samples: "metrics",
      weight: 4,
      take: (bytes) => {
        const text = new MetricText(bytes);
        text.findValue("etcd_server_has_leader");
        text.findLines("etcd_network_peer_sent_bytes_total");
        text.findHistograms("etcd_disk_wal_fsync_duration_seconds");
      },
    },
    {
      name: "/proc",
      samples: "proc",
      weight: 8,
      take: (bytes) => {
        const text = bytes.toString("latin1");
        parseStat(text);
        parseDiskstats(text);
        parseMountinfo(text);
        parseCgroup(text);
        parseProcessUser(text);
        parseResidentBytes(text);
        parseOpenFilesLimit(text);
        parseTcpCounters(text);
        findEstablished(text, {
          remote: kernelAddresses("10.0.0.2") ?? [],
          remotePort: 2380,
          localPort: 2380,
        });
      },
    },
    {
      name: "what a runtime wrote down of a container",
      samples: "containers",
      weight: 3,
      take: (bytes) => {
        const text = bytes.toString();
        for (const runtime of ["containerd", "cri-o", "docker"] as const) {
          const end = parseContainerEnd(runtime, text);
          expectThat(end === undefined || typeof end.code === "number", "an end has a code");
        }
        for (const etcd of [parseDockerContainer(text), parsePodmanContainer(text)]) {
          expectThat(etcd === undefined || etcd.directory !== "", "a container's etcd has a directory");
        }
      },
    },
    {
      name: "tokens, names and single lines",
      samples: "words",
      weight: 12,
      take: (bytes) => {
        const text = bytes.toString();
        tryEach(
          () => readJoinClaim(text),
          () => verifyJoinToken(text, JOIN_KEY, NOW_MS),
          () => parseEnrolmentRequest(text),
          () => parseEnrolmentAnswer(text),
          () => parseRevocationList(text),
          () => parseIdentity(text),
          () => parseSeriesKey(text),
          () => parseDurationMs(text),
          () => parseSizeBytes(text),
          () => parseAddress(text),
          () => parseAlarms([text]),
          () => parseLogPosition(text),
          () => parseKernelRecord(text),
        );
      },
    },
    { name: "a request to the API", samples: "request", weight: 3, take: takeRequest },
  ];
  return {
    targets,
    close: async () => {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function anyError(part: () => unknown): void {
  try {
    part();
  } catch (error) {
    throw EtcdscopeError.from(error);
  }
}

function seal(body: Buffer): Buffer {
  const envelope = Buffer.alloc(8);
  envelope.writeUInt32LE(body.length, 0);
  envelope.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([envelope, body]);
}

function sealCapture(bytes: Buffer): Buffer {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 32));
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}
