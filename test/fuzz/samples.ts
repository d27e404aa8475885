/** Real bytes of each kind that are damaged here: fixtures, and what our own writers write. */
import { create, toBinary } from "@bufbuild/protobuf";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { HEAD_BYTES } from "../../agent/probe/check-snapshot.ts";
import { encodeHeader, encodeRecord } from "../../agent/spool/record.ts";
import { createAuthority, issueAgent, parseAuthority } from "../../collector/enrol/certificate-authority.ts";
import { createJoinToken } from "../../collector/enrol/join-token.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import {
  ConnectRequestSchema,
  FrameSchema,
  HelloSchema,
  type ConnectRequest,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { readSnapshot } from "../agent/probe/snapshot-fixture.ts";
import { captureFrames, playStory } from "../collector/capture/story.ts";
import { testFrame } from "../collector/ingest/test-frames.ts";

const root = join(import.meta.dirname, "../..");
const fixtures = join(root, "test/fixture");

export const AGENT = { cluster: "prod-a", node: "m1" } as const;
export const JOIN_KEY = "k".repeat(43);
/** Of what the samples were made; nothing is judged by the time of the run. */
export const NOW_MS = Date.parse("2026-11-22T03:16:10.000Z");

export type SampleName =
  | "containers"
  | "stream"
  | "hello"
  | "spool"
  | "capture"
  | "log"
  | "yaml"
  | "manifest"
  | "unit"
  | "certificate"
  | "snapshot"
  | "metrics"
  | "proc"
  | "words"
  | "request";

/** Takes a second: authorities are made anew, so that no key lies in the repository. */
export async function readSamples(): Promise<Readonly<Record<SampleName, readonly Buffer[]>>> {
  const hello = create(HelloSchema, { ...AGENT, agentVersion: "0.1.0", bootId: "boot", instanceId: "run-1" });
  const encoder = createFrameEncoder();
  const frames = [1n, 2n, 3n].map((sequence) => encoder.encode(testFrame(sequence)));
  const story = playStory();
  const keyframe = story.frames.find(({ frame }) => frame.keyframe && frame.facts.length > 0);
  const silent = [
    {
      node: "m4",
      lastHeardMs: story.fromMs - 3_600_000,
      last: undefined,
      facts: (keyframe?.frame.facts ?? []).map((fact) => ({ sinceMs: story.fromMs - 7_200_000, fact })),
    },
  ];
  const storyEncoder = createFrameEncoder();
  const ofStory = story.frames
    .filter(({ agent }) => agent.node === "m1")
    .slice(0, 5)
    .map(({ frame }) => storyEncoder.encode(frame));
  const segment = Buffer.concat([
    encodeHeader(hello),
    ...frames.map((frame, at) =>
      encodeRecord({
        sequence: BigInt(at + 1),
        capturedAtMs: NOW_MS,
        hasClockOffset: false,
        defines: at === 0,
        frame: toBinary(FrameSchema, frame),
      }),
    ),
  ]);
  return {
    stream: [...frames, ...ofStory].map((value) => request({ case: "frame", value })),
    hello: [request({ case: "hello", value: hello }), request({ case: "ping", value: { id: 1n } as never })],
    spool: [segment],
    capture: [
      await captureFrames(story.frames, story),
      await captureFrames(story.frames.slice(0, 3), story, { silent }),
    ],
    log: [
      ...readFolder("logs").map((text) => text.subarray(0, 6000)),
      ...readContainers(".gz").map((bytes) => gunzipSync(bytes)),
    ],
    containers: readContainers(".json"),
    yaml: ["systemd/agent.yaml", "systemd/collector.yaml"].flatMap((file) =>
      uncomment(readFileSync(join(root, file), "utf8")),
    ),
    manifest: [Buffer.from(MANIFEST)],
    unit: [Buffer.from(UNIT)],
    certificate: await readCertificates(),
    snapshot: [
      ...(["3.4.23", "3.5.16"] as const).map((version) => readSnapshot(version).subarray(0, HEAD_BYTES)),
      readFileSync(join(fixtures, "start/db-front.bin")),
    ].map((bytes) => Buffer.from(bytes.subarray(0, 40_000))),
    metrics: readFolder("etcd-metrics").map((text) => text.subarray(0, 20_000)),
    proc: readProc(),
    words: WORDS.map((text) => Buffer.from(text)),
    request: REQUESTS.map((text) => Buffer.from(text)),
  };
}

function request(message: ConnectRequest["message"]): Buffer {
  return Buffer.from(toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { message })));
}

function readFolder(name: string): Buffer[] {
  return readdirSync(join(fixtures, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

function readContainers(ending: string): Buffer[] {
  const folder = join(fixtures, "containers");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name)));
}

function readProc(): Buffer[] {
  const names = ["diskstats", "meminfo", "stat", "812/stat", "812/status", "812/limits", "812/mountinfo"];
  return [...names.map((name) => readFileSync(join(fixtures, "proc", name))), Buffer.from(TCP)];
}

/** As it is, and with what it offers in comments. */
function uncomment(text: string): readonly Buffer[] {
  return [text, text.replaceAll(/^# (?=\s*\w+:)/gm, "")].map((one) => Buffer.from(one));
}

async function readCertificates(): Promise<readonly Buffer[]> {
  const validity = { nowMs: NOW_MS, days: 90 };
  const authority = await createAuthority("fuzz", validity);
  const agent = await issueAgent(await parseAuthority(authority.certificate, authority.key), AGENT, validity);
  const pair = agent.certificate + agent.key;
  return [pair, agent.certificate + authority.certificate, authority.certificate].map((pem) =>
    Buffer.from(pem),
  );
}

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   7: 0100000A:A41A 0200000A:094C 01 00000000:00000000 02:000009A6 00000000     0        0 131405 1 000000004e58cb5e 20 4 30 10 -1
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs
Tcp: 1 200 120000 -1 20 10 3 4 8 123456 123000 42
`;

const MANIFEST = `apiVersion: v1
kind: Pod
metadata: { name: etcd-m1, namespace: kube-system }
spec:
  containers:
    - name: etcd
      image: registry.k8s.io/etcd:3.5.16-0
      command: [etcd, "--name=m1", "--data-dir=/var/lib/etcd", "--listen-client-urls=https://127.0.0.1:2379"]
      volumeMounts: [{ mountPath: /var/lib/etcd, name: data }]
  volumes: [{ name: data, hostPath: { path: /var/lib/etcd } }]
`;

const UNIT = `[Service]
Environment=ETCD_NAME=m1 "ETCD_DATA_DIR=/var/lib/etcd"
EnvironmentFile=-/etc/default/etcd
ExecStart=/usr/bin/etcd --name %H \\
  --listen-client-urls 'https://127.0.0.1:2379' $EXTRA
User=etcd
`;

const WORDS = [
  createJoinToken(
    { ...AGENT, expiresAtMs: NOW_MS + 3_600_000, id: "a".repeat(32), authorityHash: "b".repeat(64) },
    JOIN_KEY,
  ),
  '{"want":"certificate","token":"t","publicKey":"-----BEGIN PUBLIC KEY-----","proof":"AA=="}',
  '{"want":"renewal","publicKey":"k","proof":"p"}',
  '{"kind":"certificate","certificate":"c","ca":"d"}',
  "# stolen\n00:7a:FF  # m1\nserial=4B\n",
  'DNS:a, URI:etcdscope://prod-a/m1, "URI:x, y"',
  "spiffe://prod/cluster/prod-a/node/m1",
  'etcd_request_seconds_bucket{le="0.01",op="get"}',
  "500ms",
  "20GiB",
  "[2001:db8::1]:2379",
  "2026-11-22T03:12:09.123+08:00",
  "memberID:10501334649042878790 alarm:NOSPACE ",
  '{"kind":"file","path":"/var/log/etcd.log","place":{"inode":5,"offset":100}}',
  "6,1234,5678,-;sd 0:0:0:0: [sda] I/O error\n SUBSYSTEM=block\n",
];

const CLUSTER = "/api/v1/clusters/prod-a";
/** Method, URL, then header lines. */
const REQUESTS = [
  `GET ${CLUSTER}?at=2026-11-22T03:10:00Z\naccept-encoding: br, gzip;q=0.5`,
  `GET ${CLUSTER}/findings?active=true&limit=10&cursor=abc\nif-none-match: "x"`,
  `GET ${CLUSTER}/series/etcd_status_db_size_bytes?node=m1&from=2026-11-22T03:00:00Z&to=2026-11-22T03:10:00Z&points=10`,
  `GET ${CLUSTER}/runbooks/DISK_FULL?member=m1&lang=zh`,
  `GET ${CLUSTER}/can-i/stop/m1`,
  `GET ${CLUSTER}/incidents/x/report?format=html&lang=zh`,
  `POST ${CLUSTER}/compare-data\ncontent-type: application/json`,
  "GET /metrics\nauthorization: Bearer abc",
  "GET /assets/index.js\nrange: bytes=0-10",
];
