/**
 * What is wrong at the doors, against the product as it is deployed: whoever is refused reads why, and so does the operator
 * of the collector; what cannot be looked at is unknown with the reason; and the agent beside it notices nothing.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { dirname, join } from "node:path";
import { connect as connectTls } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { create } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";
import type { ClusterState, SeriesAnswer } from "../../shared/rest.ts";
import { testFrame } from "../collector/ingest/test-frames.ts";
import { createEtcdPki } from "../lab/etcd-pki.ts";
import { runEtcdscope } from "../lab/etcdscope-command.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { httpGet } from "../lab/http-get.ts";
import { writeCollectorConfig } from "../lab/stack-config.ts";
import { waitFor } from "../lab/wait-for.ts";
import { BAD_CONFIGS } from "./bad-configs.ts";
import { startBadInputLab, type BadInputLab, type Stranger } from "./bad-input-lab.ts";
import { expectUnheard, metric, stateOf } from "./bad-input-looks.ts";
import { helloOf, openRawStream, type RawStream } from "./raw-stream.ts";
import { findRecords } from "./read-log.ts";
import { watchWitness } from "./undisturbed.ts";

const SOON = { timeoutMs: 60_000 };
const FAILED = "Stream to the collector failed; trying again until it works.";
const REFUSED = "Collector refused the stream.";
const REJECTED = "Connection of an agent was rejected.";
const WAS_REFUSED = "Stream of an agent was refused.";
const isRoot = process.getuid?.() === 0;

describe("test/integration/bad-input", () => {
  let lab: BadInputLab | undefined;
  let because = "";
  const streams: RawStream[] = [];

  beforeAll(async () => {
    const started = await startBadInputLab();
    if (started.kind === "available") {
      lab = started;
    } else {
      because = started.because;
    }
  });

  afterEach(async () => {
    streams.splice(0).forEach((stream) => stream.close());
    await lab?.stopStrangers();
  });

  afterAll(async () => await lab?.stop());

  /** A wrong that is done while the witness is watched. */
  function story(name: string, tell: (on: BadInputLab) => Promise<void>): void {
    it(name, async (context) => {
      if (lab === undefined) {
        context.skip(because);
        return;
      }
      const witness = watchWitness(lab.stack, "m1");
      await tell(lab);
      await witness.expectUndisturbed();
    });
  }

  /** Both sides have logged it: each with its sentence, and a text that says why. */
  async function bothLog(
    on: BadInputLab,
    stranger: Stranger,
    want: Record<"agent" | "collector", readonly [string, RegExp]>,
  ): Promise<void> {
    const { logPath } = on.stack.collector;
    function agentSays(): string {
      return findRecords(stranger.logPath, want.agent[0]);
    }
    function collectorSays(): string {
      return findRecords(logPath, want.collector[0]);
    }
    await waitFor(
      "both logs tell the reason",
      () => want.agent[1].test(agentSays()) && want.collector[1].test(collectorSays()),
      { ...SOON, describeLast: () => `agent: ${agentSays()}\ncollector: ${collectorSays()}` },
    );
    expect(stranger.process.isRunning(), "it keeps trying").toBe(true);
  }

  function open(on: BadInputLab, tls: Parameters<typeof openRawStream>[1]): RawStream {
    const stream = openRawStream(on.stack.place, tls);
    streams.push(stream);
    return stream;
  }

  describe("identity", () => {
    story("rejects an agent whose certificate is of another authority", async (on) => {
      const elsewhere = await on.issueElsewhere("lab", "m7");
      const tls = { ...elsewhere, ca: join(on.stack.pkiDir, "ca.crt") };
      const stranger = await on.startStranger({ cluster: "lab", node: "m7", tls });
      await bothLog(on, stranger, {
        agent: [FAILED, /may not trust this agent's certificate, its log says why/],
        collector: [REJECTED, /UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
      });
      expect(await metric(on, "etcdscope_ingest_rejected_connections_total")).toBeGreaterThan(0);
      await expectUnheard(on, "lab", "m7");
    });

    story("is not trusted by an agent of another authority", async (on) => {
      const tls = await on.issueElsewhere("lab", "m7");
      const stranger = await on.startStranger({ cluster: "lab", node: "m7", tls });
      await bothLog(on, stranger, {
        agent: [FAILED, /self-signed certificate in certificate chain/],
        collector: [REJECTED, /alert unknown ca"|ECONNRESET|socket hang up|disconnected/],
      });
      await expectUnheard(on, "lab", "m7");
    });

    story("refuses a cluster that the certificate is not for", async (on) => {
      const tls = await on.issue("lab", "m2");
      const stranger = await on.startStranger({ cluster: "elsewhere", node: "m2", tls });
      const text = /IDENTITY_MISMATCH.*is for lab\/m2, but the agent says that it is elsewhere\/m2/;
      await bothLog(on, stranger, { agent: [REFUSED, text], collector: [WAS_REFUSED, text] });
      expect(await metric(on, 'etcdscope_ingest_refusals_total{reason="IDENTITY_MISMATCH"}')).toBeGreaterThan(
        0,
      );
      await expectUnheard(on, "elsewhere", "m2");
    });

    story("rejects an expired certificate, and the agent names the file and the day", async (on) => {
      const tls = await on.issueExpired("lab", "m8");
      const stranger = await on.startStranger({ cluster: "lab", node: "m8", tls });
      await bothLog(on, stranger, {
        agent: [FAILED, /agent-lab-m8\.crt has expired on \d{4}-\d\d-\d\dT/],
        collector: [REJECTED, /CERT_HAS_EXPIRED/],
      });
      await expectUnheard(on, "lab", "m8");
    });
  });

  describe("configuration", () => {
    for (const service of ["agent", "collector"] as const) {
      story(`names every problem of the ${service}'s file with its path, and starts nothing`, async (on) => {
        const { text, paths } = BAD_CONFIGS[service];
        const file = join(on.dir, `bad-${service}.yaml`);
        writeFileSync(file, text.join("\n"));
        for (const check of [["--check"], []]) {
          const { code, stdout, stderr } = await runEtcdscope([service, ...check, "--config", file]);
          expect([code, stdout]).toEqual([2, ""]);
          for (const path of paths) {
            expect(stderr).toContain(`${file}:${path}`);
          }
        }
      });
    }
  });

  describe("bytes on the agents' port", () => {
    story("hangs up on bytes that are not TLS, and says what they were", async (on) => {
      const { ip, grpcPort } = on.stack.place;
      await new Promise<void>((resolve) => {
        const socket = connectTcp(grpcPort, ip, () => socket.write(Buffer.alloc(100_000, 0xa5)));
        socket.on("error", () => undefined);
        socket.once("close", () => resolve());
      });
      await waitFor(
        "the collector logs it",
        () => findRecords(on.stack.collector.logPath, REJECTED).includes("wrong version number"),
        SOON,
      );
    });

    story("hangs up on bytes that are not HTTP/2, from whoever has a certificate", async (on) => {
      const tls = await on.issue("lab", "m9");
      const { ip, grpcPort } = on.stack.place;
      await new Promise<void>((resolve) => {
        const files = {
          ca: readFileSync(tls.ca),
          cert: readFileSync(tls.cert),
          key: readFileSync(tls.key),
        };
        const socket = connectTls({ host: ip, port: grpcPort, ...files, ALPNProtocols: ["h2"] }, () =>
          socket.write(Buffer.alloc(100_000, 0xa5)),
        );
        socket.resume();
        socket.on("error", () => undefined);
        socket.once("close", () => resolve());
      });
    });

    story("ends the stream of a message that is too large, or no message", async (on) => {
      const agent = { cluster: "raw", node: "m9" };
      const tls = await on.issue(agent.cluster, agent.node);
      const large = open(on, tls);
      large.send(helloOf(agent));
      await waitFor("a welcome", () => large.answers.includes("welcome"), SOON);
      large.sendBytes(Buffer.alloc(LIMITS.messageBytes + 1024));
      await waitFor("its end", () => large.answers.join().includes("RESOURCE_EXHAUSTED"), SOON);
      const garbage = open(on, tls);
      garbage.sendBytes(Buffer.from([0xff, 0xff, 0xff]));
      const text = "Expected a etcdscope.v1.ConnectRequest message, got other bytes";
      await waitFor("a refusal", () => garbage.answers.includes(text), SOON);
      await waitFor(
        "the collector logs it",
        () => findRecords(on.stack.collector.logPath, WAS_REFUSED).includes(text),
        SOON,
      );
    });

    story("refuses a frame that holds more than it may", async (on) => {
      const agent = { cluster: "raw", node: "m9" };
      const stream = open(on, await on.issue(agent.cluster, agent.node));
      stream.send(helloOf(agent));
      await waitFor("a welcome", () => stream.answers.includes("welcome"), SOON);
      const many = LIMITS.samplesPerFrame + 1;
      const value = create(FrameSchema, {
        sequence: 1n,
        sampleSeries: Array.from({ length: many }, () => 1),
        sampleValues: Array.from({ length: many }, () => 1),
      });
      stream.send({ case: "frame", value });
      const text = `Expected at most ${LIMITS.samplesPerFrame} samples a frame, got ${many}`;
      await waitFor("a refusal", () => stream.answers.includes(text), SOON);
      const logged = findRecords(on.stack.collector.logPath, WAS_REFUSED);
      expect(logged).toContain(text);
      expect(logged).toContain("LIMIT_EXCEEDED");
    });

    story("slows a flood down, and serves the others meanwhile", async (on) => {
      const agent = { cluster: "flood", node: "m9" };
      const stream = open(on, await on.issue(agent.cluster, agent.node));
      const witness = watchWitness(on.stack, "m1");
      const slowedBefore = await metric(on, "etcdscope_ingest_slowed_total");
      stream.send(helloOf(agent));
      await waitFor("a welcome", () => stream.answers.includes("welcome"), SOON);
      const encoder = createFrameEncoder();
      let sequence = 0n;
      let isFlooding = true;
      async function flood(): Promise<void> {
        while (isFlooding) {
          sequence += 1n;
          const frame = encoder.encode(testFrame(sequence, { capturedAtMs: Date.now() }));
          if (!stream.send({ case: "frame", value: frame })) {
            await stream.drained();
          }
        }
      }
      const flooding = flood();
      try {
        await waitFor(
          "it is slowed",
          async () => (await metric(on, "etcdscope_ingest_slowed_total")) > slowedBefore,
          SOON,
        );
        await witness.expectUndisturbed();
        expect(stream.answers, "it is not refused, only slowed").not.toContain("refusal");
        expect(stream.acknowledged() > 0n && stream.acknowledged() < sequence).toBe(true);
      } finally {
        isFlooding = false;
        stream.close();
        await flooding;
      }
    });
  });

  describe.skipIf(!isRoot)(`rights${isRoot ? "" : " (skipped: needs root)"}`, () => {
    story("goes on live with a history that it may not open, and keeps all once it may", async (on) => {
      const closed = join(on.dir, "closed");
      const [grpcPort = 0, httpPort = 0] = await findFreePorts(2);
      const place = { ip: "127.0.0.1", grpcPort, httpPort };
      mkdirSync(closed);
      chmodSync(closed, 0o000);
      const config = writeCollectorConfig({
        dir: join(on.dir, "second"),
        pkiDir: on.stack.pkiDir,
        place,
        cluster: "solo",
        voters: 1,
        overrides: { history: { path: join(closed, "history.db") } },
      });
      const logPath = join(on.dir, "second.log");
      const collector = await on.startBound(["collector", "--config", config], logPath);
      const stranger = await on.startStranger({
        cluster: "solo",
        node: "s1",
        tls: await on.issue("solo", "s1"),
        overrides: { collectors: [`127.0.0.1:${grpcPort}`] },
      });
      const ask = async (path: string) => await httpGet({ port: httpPort, socketPath: undefined }, path);
      let last = "";
      await waitFor(
        "the live view is healthy",
        async () => {
          last = (await ask("/api/v1/clusters/solo")).body;
          return (JSON.parse(last) as ClusterState).verdict === "healthy";
        },
        { ...SOON, describeLast: () => last },
      );
      const ready = await ask("/readyz");
      expect(ready.status).toBe(503);
      expect(ready.body).toMatch(/History: .*(EACCES|unable to open)/);
      expect(
        findRecords(logPath, "History cannot be written: frames are not acknowledged until it can."),
      ).toMatch(/EACCES|unable to open/);
      const healedAtMs = Date.now();
      chmodSync(closed, 0o700);
      await waitFor("it is ready", async () => (await ask("/readyz")).status === 200, SOON);
      const metricPath = "/api/v1/clusters/solo/series/etcdscope_agent_queue_frames?points=5000";
      await waitFor(
        "what was seen before is kept, and the queue is empty",
        async () => {
          const { series } = JSON.parse((await ask(metricPath)).body) as SeriesAnswer;
          const points = series[0]?.points ?? [];
          return Date.parse(points[0]?.at ?? "") < healedAtMs && (points.at(-1)?.last ?? 99) < 10;
        },
        SOON,
      );
      expect([collector.isRunning(), stranger.process.isRunning()]).toEqual([true, true]);
    });

    story("says what it may not read of etcd: the key, the data directory", async (on) => {
      const member = on.solo.member("s1");
      const key = member.flags["key-file"] ?? "";
      chmodSync(key, 0o000);
      chmodSync(dirname(member.dataDir), 0o000);
      try {
        await on.startStranger({
          cluster: "solo",
          node: "s1",
          tls: await on.issue("solo", "s1"),
          isBound: true,
        });
        const state = await waitUnknown(on, /server\.key cannot be read: EACCES/, ["CERT_UNREADABLE"]);
        const blind = state.coverage.blindSpots.map(({ en }) => en).join("\n");
        expect(blind).toContain(`${member.dataDir} may not be accessed by the agent`);
      } finally {
        chmodSync(dirname(member.dataDir), 0o700);
        chmodSync(key, 0o600);
      }
    });
  });

  /** The member of cluster "solo" is unknown with this reason, its agent is online, and these findings alone are told. */
  async function waitUnknown(
    on: BadInputLab,
    why: RegExp,
    codes: readonly string[] = [],
  ): Promise<ClusterState> {
    let state: ClusterState | undefined;
    function activeCodes(): readonly string[] {
      const active = state?.findings.filter(({ status }) => status === "active") ?? [];
      return active.map(({ code }) => code);
    }
    await waitFor(
      "the member is unknown, with the reason, and no fault is made up",
      async () => {
        state = await stateOf(on, "solo");
        const [member] = state.members;
        const isTold = member?.state === "unknown" && why.test(member.why.en) && why.test(member.why.zh);
        return isTold && isDeepStrictEqual(activeCodes(), codes);
      },
      { ...SOON, describeLast: () => `${activeCodes().join()} ${JSON.stringify(state?.members[0])}` },
    );
    expect(state?.verdict).toBe("unknown");
    expect(state?.members[0]?.agent.state).toBe("online");
    return state!;
  }

  describe("etcd's door", () => {
    story("says that etcd does not take the certificate that it was given", async (on) => {
      const stranger = await createEtcdPki(join(on.dir, "strange-etcd"), []);
      const { dataDir } = on.solo.member("s1");
      const tls = { ca: on.solo.pki.caPath, ...stranger.client };
      await on.startStranger({
        cluster: "solo",
        node: "s1",
        tls: await on.issue("solo", "s1"),
        overrides: { etcd: { dataDir, tls } },
      });
      const state = await waitUnknown(on, /does not accept our certificate: .*(bad certificate|unknown ca)/);
      expect(state.members[0]?.why.en, "not OpenSSL's own words").not.toContain("routines");
    });

    story("is right again once the certificate is", async (on) => {
      await on.startStranger({ cluster: "solo", node: "s1", tls: await on.issue("solo", "s1") });
      await waitFor("healthy", async () => (await stateOf(on, "solo")).verdict === "healthy", SOON);
    });
  });
});
