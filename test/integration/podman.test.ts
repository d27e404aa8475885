/**
 * `etcdscope diagnose`, without a configuration, on a node whose etcd was started by `podman run` and is dead: Podman's own files tell how it
 * ended, what it said, and what it would start with. Needs root (namespaces, cgroups).
 */
import { existsSync, mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../shared/rest.ts";
import { startEngineNode, type EngineNode } from "../lab/container/engine-node.ts";
import { findWhyNoJournald, startJournald } from "../lab/container/journald.ts";
import { ensurePodman, startPodmanNode, type PodmanNode } from "../lab/container/podman-node.ts";
import { ETCDSCOPE } from "../lab/etcdscope-command.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { runCommand } from "../lab/run-command.ts";
import { waitFor } from "../lab/wait-for.ts";

const STORY_LIMIT_MS = 120_000;
const FOLDER = "/var/lib/containers/storage/vfs-containers";

describe("test/integration/podman", () => {
  let on: EngineNode<PodmanNode> | undefined;
  let because = "";
  beforeAll(async () => {
    const started = await startEngineNode({ ensure: ensurePodman, start: startPodmanNode });
    if (started.kind === "available") {
      on = started;
    } else {
      because = started.because;
    }
  }, STORY_LIMIT_MS);
  afterAll(async () => await on?.stop(), STORY_LIMIT_MS);

  it(
    "names what its user may not read, by where the host has it, its exit code and its log",
    { timeout: STORY_LIMIT_MS },
    async (context) => {
      if (on === undefined) {
        context.skip(because);
        return;
      }
      const { node } = on;
      const id = await runUnreadable(node, "k8s-file");
      const { next, evidence } = await diagnose(node);
      expect(next).toMatchObject({
        code: "START_DATA_DIR_PERMISSION",
        command: "ls -ld /var/lib/etcd /var/lib/etcd/member",
      });
      expect(evidence).toContain(`podman: container ${id.slice(0, 12)} exited with code 1`);
      expect(evidence.join()).toMatch(/belongs to 0:0 with mode 0700, etcd runs as 65534/);
      expect(evidence.join()).toContain("etcd log: its log: ");
      expect(evidence.join()).toContain(`${FOLDER}/${id}/userdata/config.json`);
    },
  );

  it(
    "finds what it said in the journal, where Podman keeps it with the driver of a host with systemd",
    { timeout: STORY_LIMIT_MS },
    async (context) => {
      const why = findWhyNoJournald();
      if (on === undefined || why !== undefined) {
        context.skip(why?.because ?? because);
        return;
      }
      const { node, dir } = on;
      const journald = await startJournald(node, dir);
      try {
        await runUnreadable(node, "journald", "/etcd-of-journald");
        const { next, evidence } = await diagnose(node);
        expect(next).toMatchObject({ code: "START_DATA_DIR_PERMISSION" });
        expect(evidence.join()).toMatch(/etcd log: its log: [^,]*open \/etcd-of-journald: permission denied/);
      } finally {
        await journald.stop("SIGTERM");
      }
    },
  );
});

/** An etcd whose user may not read its data, dead; its id. */
async function runUnreadable(node: PodmanNode, logDriver: string, inside = "/etcd-data"): Promise<string> {
  mkdirSync(node.at("/var/lib/etcd/member"), { recursive: true, mode: 0o700 });
  const [client = 0, peer = 0] = await findFreePorts(2);
  const urls = [
    `--listen-client-urls=http://127.0.0.1:${client}`,
    `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
  ];
  const id = await node.run(
    ["-v", `/var/lib/etcd:${inside}`, "--user", "65534:65534", "--log-driver", logDriver],
    ["etcd", "--name=s1", `--data-dir=${inside}`, "--logger=zap", ...urls],
  );
  await waitFor("it has ended", () => existsSync(node.at(`/run/libpod/exits/${id}`)), { timeoutMs: 20_000 });
  return id;
}

/** "source: text" of everything that is bad. */
async function diagnose(
  node: PodmanNode,
): Promise<{ readonly next: Diagnosis["next"]; readonly evidence: readonly string[] }> {
  const told = await runCommand(node.wrap([ETCDSCOPE, "diagnose", "--json"]));
  expect(told.stderr).toBe("");
  const { layers, next } = JSON.parse(told.stdout) as Diagnosis;
  const evidence = layers.flatMap(({ checks }) =>
    checks.flatMap(({ state, subjects }) =>
      state === "bad"
        ? subjects.flatMap((one) => one.evidence.map(({ source, text }) => `${source}: ${text.en}`))
        : [],
    ),
  );
  return { next, evidence };
}
