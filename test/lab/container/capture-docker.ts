/**
 * `node test/lab/container/capture-docker.ts`: what Docker writes down about containers of an etcd that end in each way and about its volumes,
 * as fixtures beside those that are there.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../wait-for.ts";
import { startEngineNode } from "./engine-node.ts";
import { ensureDocker, startDockerNode, type DockerNode } from "./docker-node.ts";

const FIXTURES = join(import.meta.dirname, "../../fixture/containers");
const FLAGS = [
  "--name=s1",
  "--data-dir=/etcd-data",
  "--wal-dir=/wal/s1",
  "--listen-client-urls=http://127.0.0.1:32379",
  "--advertise-client-urls=http://127.0.0.1:32379",
  "--listen-peer-urls=http://127.0.0.1:32380",
];
const MOUNTS = ["-v", "/srv/etcd:/etcd-data", "-v", "etcd-wal:/wal", "--tmpfs", "/scratch"];

async function capture(node: DockerNode): Promise<void> {
  const target = join(FIXTURES, node.runtime.replace(" ", "-"));
  mkdirSync(target, { recursive: true });
  const record = (id: string): string =>
    readFileSync(node.at(`/var/lib/docker/containers/${id}/config.v2.json`), "utf8");
  const state = (id: string): string => /"State":(\{.*?\})/.exec(record(id))?.[1] ?? "";
  const keep = (name: string, text: string): void => {
    console.log(name, text.slice(0, 400));
    writeFileSync(join(target, name), text);
  };
  const ends = async (id: string): Promise<number> =>
    await waitFor("its end is written down", () => state(id).includes('"Running":false'), {
      timeoutMs: 10_000,
    });
  const serves = async (id: string): Promise<number> =>
    await waitFor(
      "etcd serves",
      () =>
        readFileSync(node.at(`/var/lib/docker/containers/${id}/${id}-json.log`), "utf8").includes("ready to"),
      { timeoutMs: 10_000 },
    );

  const options = [...MOUNTS, "-e", "ETCD_ELECTION_TIMEOUT=2000", "-w", "/tmp"];
  const killed = await node.run(options, ["/usr/local/bin/etcd", ...FLAGS]);
  await serves(killed);
  await node.docker("kill", killed);
  await ends(killed);
  keep("etcd-killed.json", record(killed));

  const failed = await node.run(
    ["--restart", "on-failure:2", "--user", "1000:1001", ...MOUNTS],
    ["etcd", ...FLAGS, "--no-such-flag=1"],
  );
  await waitFor("it is given up", () => record(failed).includes('"RestartCount":2'), { timeoutMs: 20_000 });
  await ends(failed);
  keep("etcd-failed.json", record(failed));

  const version = await node.run(["--log-driver", "local"], ["etcd", "--version"]);
  await ends(version);
  keep("etcd-version.json", record(version));

  const volume = ["create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs"];
  await node.docker("volume", ...volume, "mounted");
  keep("volume-opts.json", readFileSync(node.at("/var/lib/docker/volumes/mounted/opts.json"), "utf8"));

  const lost = await node.run(MOUNTS, ["etcd", ...FLAGS]);
  await serves(lost);
  await node.crash();
  keep("etcd-lost-before.json", record(lost));
  await node.restart();
  await ends(lost);
  keep("etcd-lost.json", record(lost));
}

const started = await startEngineNode({ ensure: ensureDocker, start: startDockerNode });
if (started.kind === "unavailable") {
  throw new Error(`Nothing can be captured here: ${started.because}`);
}
try {
  await capture(started.node);
} finally {
  await started.stop();
}
