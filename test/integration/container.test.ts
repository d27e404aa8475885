/**
 * etcd as kubeadm's static pod in a real containerd: found, its log read over a rotation and its next starts, and how each of its
 * containers ended. Needs root (namespaces, cgroups).
 */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Diagnosis, Finding } from "../../shared/rest.ts";
import { startWatchedPod, type WatchedPod } from "../lab/container/watched-pod.ts";
import { ETCDSCOPE } from "../lab/etcdscope-command.ts";
import { mustRun, runCommand } from "../lab/run-command.ts";
import { findActive } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";

const STORY_LIMIT_MS = 120_000;
/** Longer than what a runtime writes on one line; what stands in it is said by nobody. */
const LONG_TOKEN = "mvcc: database space exceeded, ".repeat(600);
const MANY_BYTES = "x".repeat(1_000_000);

/** What the evidence of a finding from this source says. */
function said(finding: Finding | undefined, source: string): readonly string[] {
  return (finding?.evidence ?? []).filter((one) => one.source === source).map(({ text }) => text.en);
}

function close(socket: { destroy(): void; on(event: string, listener: () => void): void }): Promise<void> {
  return new Promise((settle) => {
    socket.on("error", () => undefined);
    socket.on("close", () => settle());
  });
}

describe("test/integration/container", () => {
  let on: WatchedPod | undefined;
  let because = "";
  beforeAll(async () => {
    const started = await startWatchedPod();
    if (started.kind === "available") {
      on = started;
    } else {
      because = started.because;
    }
  }, STORY_LIMIT_MS);
  afterAll(async () => await on?.stop(), STORY_LIMIT_MS);

  function tell(name: string, story: (pod: WatchedPod) => Promise<void>): void {
    it(name, { timeout: STORY_LIMIT_MS }, async (context) => {
      if (on === undefined) {
        context.skip(because);
        return;
      }
      await story(on);
    });
  }

  tell("finds etcd, and all that its flags name, behind the container's own view", async (watched) => {
    const state = await watched.waitFor("all is well", ({ verdict }) => verdict === "healthy");
    expect(state.members.map(({ state: now }) => now)).toEqual(["serving"]);
    expect(state.findings).toEqual([]);
  });

  tell(
    "tells that a signal ended it, and all that it said before, also in a rotated log",
    async (watched) => {
      const { pod, clientPort, caPath } = watched;
      const plain = connect(clientPort, "127.0.0.1");
      plain.write("GET / HTTP/1.0\r\n\r\n");
      await close(plain);
      await waitFor("etcd logged it", () => logOf(watched).includes("first record"), { timeoutMs: 5000 });
      await pod.rotateLog(pod.lastId());
      await close(connectTls({ port: clientPort, host: "127.0.0.1", ca: readFileSync(caPath) }));
      await waitFor("etcd logged it", () => logOf(watched).includes("provide a certificate"), {
        timeoutMs: 5000,
      });
      await mustRun(watched.node.wrap(["kill", "-KILL", String(await watched.findPid())]));
      await watched.waitFor("its end is told", (state) =>
        said(findActive(state, "MEMBER_DOWN"), "containerd").some((text) =>
          text.endsWith("ended by SIGKILL"),
        ),
      );
    },
  );

  tell("tells that the limit of its memory ended it", async (watched) => {
    const { pod, etcdctl, clientUrl } = watched;
    await pod.start({ flags: { "initial-cluster-token": LONG_TOKEN }, memoryLimitBytes: 64 << 20 });
    await watched.waitFor(
      "it serves again",
      ({ verdict }) => verdict === "healthy" || verdict === "degraded",
    );
    let puts = 0;
    while (puts < 200 && (await etcdctl.run([clientUrl], ["put", `/${puts}`], MANY_BYTES)).ok) {
      puts += 1;
    }
    const state = await watched.waitFor(
      "its end is told",
      (now) =>
        findActive(now, "OOM_KILLED") !== undefined &&
        said(findActive(now, "MEMBER_DOWN"), "containerd").some((text) => text.endsWith("(oom-kill)")),
    );
    expect(findActive(state, "OOM_KILLED")?.confidence).toBe("certain");
  });

  tell("names what is wrong in a changed manifest, whose pod has another log", async (watched) => {
    await watched.replacePod({ "no-such-flag": "1" });
    await watched.pod.start();
    const state = await watched.waitFor(
      "the flag is found",
      (now) => findActive(now, "START_CONFIG_INVALID") !== undefined,
    );
    expect(findActive(state, "START_CONFIG_INVALID")?.evidence[0]?.text.en).toContain("no-such-flag");
  });

  tell("tells whoever comes when it is dead how its last container ended", async ({ node, pod }) => {
    await expect(pod.start({ flags: { "no-such-flag": "1" } })).resolves.toMatch(/^[0-9a-f]{64}$/);
    await waitFor("it is dead", async () => (await node.findPid("etcd")) === 0, { timeoutMs: 5000 });
    const { stdout } = await runCommand(node.wrap([ETCDSCOPE, "diagnose", "--json"]));
    const { layers, next } = JSON.parse(stdout) as Diagnosis;
    expect(next?.code).toBe("START_CONFIG_INVALID");
    const evidence = layers.flatMap(({ checks }) =>
      checks.flatMap(({ code, subjects }) =>
        code === "ETCD_NOT_FOUND" ? subjects.flatMap((one) => one.evidence) : [],
      ),
    );
    expect(evidence.filter(({ source }) => source === "containerd").map(({ text }) => text.en)).toEqual([
      `container ${pod.lastId().slice(0, 12)} exited with code 2, after 1 restart`,
    ]);
  });

  tell("has told all of it in frames", async (watched) => {
    const frames = (await watched.readFrames()).map(({ frame }) => frame);
    const events = frames.flatMap((frame) => frame.events);
    const attributes = (kind: string): readonly Event["attributes"][] =>
      events.filter((event) => event.kind === kind).map((event) => event.attributes);
    expect(attributes("process_ended")).toMatchObject([
      { source: "containerd", how: "killed", status: "SIGKILL", result: "" },
      { source: "containerd", how: "killed", status: "SIGKILL", result: "oom-kill" },
    ]);
    expect(attributes("oom_killed")).toHaveLength(1);
    const codes = attributes("log").map(({ code }) => code);
    expect(codes).toEqual(
      expect.arrayContaining(["TLS_PLAINTEXT", "CLIENT_CERT_MISSING", "START_CONFIG_INVALID"]),
    );
    expect(codes).not.toContain("QUOTA_EXCEEDED");
    const process = frames.flatMap(({ facts }) => facts).find(({ key }) => key === "process")?.body.value;
    expect(process).toMatchObject({
      executable: "/usr/local/bin/etcd",
      cgroup: expect.stringMatching(/\/kubepods\/burstable\/pod[0-9a-f]{32}\/[0-9a-f]{64}$/),
    });
  });
});

function logOf({ node, pod }: WatchedPod): string {
  return readFileSync(node.at(pod.logPath()), "utf8");
}
