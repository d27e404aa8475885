/** `node test/lab/container/capture-podman.ts`: what Podman keeps of containers of an etcd that have ended, as fixtures. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../wait-for.ts";
import { ETCD_IMAGE } from "./container-node.ts";
import { startEngineNode } from "./engine-node.ts";
import { ensurePodman, startPodmanNode, type PodmanNode } from "./podman-node.ts";

const FIXTURES = join(import.meta.dirname, "../../fixture/containers");
const FOLDER = "/var/lib/containers/storage/vfs-containers";
const FLAGS = ["--name=s1", "--data-dir=/etcd-data", "--wal-dir=/wal/s1"];
const MOUNTS = ["-v", "/srv:/etcd-data", "-v", "etcd-wal:/wal", "-e", "ETCD_ELECTION_TIMEOUT=2000"];

async function capture(node: PodmanNode): Promise<void> {
  const target = join(FIXTURES, node.runtime.replace(" ", "-"));
  mkdirSync(target, { recursive: true });
  const keep = (name: string, path: string): void => {
    const text = readFileSync(node.at(path), "utf8");
    console.log(name, text.slice(0, 300));
    writeFileSync(join(target, name), text);
  };
  for (const [name, options, flags] of [
    ["failed", ["--network", "host", "--user", "1000:1001"], [...FLAGS, "--no-such-flag=1"]],
    ["own-network", ["--network", "none"], [...FLAGS, "--no-such-flag=1"]],
  ] as const) {
    const words = ["run", "-d", "--cgroup-parent", `${node.cgroupRoot}/podman`, ...MOUNTS, ...options];
    const id = (await node.podman(...words, ETCD_IMAGE, "etcd", ...flags)).trim();
    const exit = `/run/libpod/exits/${id}`;
    await waitFor("it has ended", () => existsSync(node.at(exit)), { timeoutMs: 10_000 });
    keep(`${name}.json`, `${FOLDER}/${id}/userdata/config.json`);
    keep(`${name}.exit`, exit);
  }
}

const started = await startEngineNode({ ensure: ensurePodman, start: startPodmanNode });
if (started.kind === "unavailable") {
  throw new Error(`Nothing can be captured here: ${started.because}`);
}
try {
  await capture(started.node);
} finally {
  await started.stop();
}
