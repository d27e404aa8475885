/**
 * `etcdscope diagnose`, without a configuration, on a node whose etcd was started by `podman run` and is dead: Podman's own files tell how it
 * ended, what it said, and what it would start with. Needs root (namespaces, cgroups).
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../shared/rest.ts";
import { ensurePodman, startPodmanNode, type PodmanNode } from "../lab/container/podman-node.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { ETCDSCOPE } from "../lab/etcdscope-command.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { runCommand } from "../lab/run-command.ts";
import { waitFor } from "../lab/wait-for.ts";

const STORY_LIMIT_MS = 120_000;
const FOLDER = "/var/lib/containers/storage/vfs-containers";

describe("test/integration/podman", () => {
  let on: { readonly node: PodmanNode; readonly dir: string } | undefined;
  let because = "";
  beforeAll(async () => {
    const [etcd, binaries] = await Promise.all([ensureEtcd("3.4"), ensurePodman()]);
    if (etcd.kind === "unavailable" || binaries.kind === "unavailable") {
      because = [etcd, binaries]
        .flatMap((one) => (one.kind === "unavailable" ? [one.because] : []))
        .join("; ");
      return;
    }
    const dir = await createRunFolder();
    const node = await startPodmanNode({ dir: join(dir, "node"), binaries, etcd: etcd.etcd });
    if (node.kind === "unavailable") {
      because = node.because;
      await removeFolderWithMounts(dir);
      return;
    }
    on = { node, dir };
  }, STORY_LIMIT_MS);
  afterAll(async () => {
    if (on !== undefined) {
      await on.node.stop();
      await removeFolderWithMounts(on.dir);
    }
  }, STORY_LIMIT_MS);

  it(
    "names what its user may not read, by where the host has it, its exit code and its log",
    { timeout: STORY_LIMIT_MS },
    async (context) => {
      if (on === undefined) {
        context.skip(because);
        return;
      }
      const { node } = on;
      mkdirSync(node.at("/var/lib/etcd/member"), { recursive: true, mode: 0o700 });
      const [client = 0, peer = 0] = await findFreePorts(2);
      const urls = [
        `--listen-client-urls=http://127.0.0.1:${client}`,
        `--advertise-client-urls=http://127.0.0.1:${client}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
      ];
      const id = await node.run(
        ["-v", "/var/lib/etcd:/etcd-data", "--user", "65534:65534", "--log-driver", "k8s-file"],
        ["etcd", "--name=s1", "--data-dir=/etcd-data", "--logger=zap", ...urls],
      );
      await waitFor("it has ended", () => existsSync(node.at(`/run/libpod/exits/${id}`)), {
        timeoutMs: 20_000,
      });
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
});
