/**
 * `node test/lab/container/capture-records.ts [FOLDER]`: what containerd (in FOLDER, else Debian's) writes down about containers that end in each
 * way, and how it writes a long line of etcd's log, as fixtures.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ensureEtcd } from "../etcd-binaries.ts";
import { mustRun } from "../run-command.ts";
import { createRunFolder, removeFolderWithMounts } from "../run-folder.ts";
import { waitFor } from "../wait-for.ts";
import { ensureContainerd } from "./container-binaries.ts";
import { ETCD_IMAGE, startContainerNode, type ContainerNode } from "./container-node.ts";
import { startStaticPod, type ContainerChange } from "./static-pod.ts";

const FIXTURES = join(import.meta.dirname, "../../fixture/containers");
const RECORDS = "/var/lib/containerd/io.containerd.grpc.v1.cri/containers";
/** The log's longest part is 16 KiB. */
const LONG_TOKEN = "mvcc: database space exceeded, ".repeat(600);

const ENDS: Readonly<Record<string, ContainerChange>> = {
  running: {},
  "exit-0": { command: ["/bin/sh", "-c", "exit 0"] },
  "exit-2": { flags: { "no-such-flag": "1" } },
  killed: {},
  "oom-killed": {
    command: ["/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M"],
    memoryLimitBytes: 16 << 20,
  },
  "not-started": { command: ["/no/such/program"] },
};

async function capture(folder: string | undefined): Promise<void> {
  const [etcd, debians] = await Promise.all([ensureEtcd("3.5"), ensureContainerd()]);
  const binaries =
    debians.kind === "unavailable" || folder === undefined
      ? debians
      : {
          ...debians,
          containerd: join(folder, "containerd"),
          ctr: join(folder, "ctr"),
          folders: [folder, ...debians.folders],
        };
  if (etcd.kind === "unavailable" || binaries.kind === "unavailable") {
    throw new Error(`Nothing can be captured here: ${JSON.stringify([etcd, binaries])}`);
  }
  const dir = await createRunFolder();
  const node = await startContainerNode({ dir, binaries, etcd: etcd.etcd });
  if (node.kind === "unavailable") {
    throw new Error(node.because);
  }
  try {
    await captureOn(node);
  } finally {
    await node.stop();
    await removeFolderWithMounts(dir);
  }
}

async function captureOn(node: ContainerNode): Promise<void> {
  const target = join(FIXTURES, node.runtime.replace(" ", "-").replace(/~.*|\+.*/, ""));
  mkdirSync(target, { recursive: true });
  const pod = await startStaticPod(node, {
    node: "m1",
    image: ETCD_IMAGE,
    flags: {
      name: "m1",
      "data-dir": "/var/lib/etcd",
      "listen-client-urls": "http://127.0.0.1:32379",
      "advertise-client-urls": "http://127.0.0.1:32379",
      "listen-peer-urls": "http://127.0.0.1:32380",
    },
    directories: ["/var/lib/etcd"],
  });
  for (const [name, change] of Object.entries(ENDS)) {
    let id = "";
    try {
      id = await pod.start(change);
    } catch (error) {
      console.log(String(error));
      id = pod.lastId();
    }
    if (name === "killed") {
      const { Pid: pid } = JSON.parse(readStatus(node, id)) as { Pid: number };
      await mustRun(node.wrap(["kill", "-KILL", String(pid)]));
    }
    const isEnd = name !== "running";
    await waitFor(
      `${name} is written down`,
      () => !isEnd || !readStatus(node, id).includes('"FinishedAt":0'),
      { timeoutMs: 10_000 },
    );
    const text = readStatus(node, id);
    console.log(name, text);
    writeFileSync(join(target, `${name}.json`), text);
    if (!isEnd) {
      await node.cri.call("StopContainer", { container_id: id, timeout: "0" });
      console.log("stopped", readStatus(node, id));
    }
  }
  const id = await pod.start({ flags: { "initial-cluster-token": LONG_TOKEN } });
  await waitFor(
    "the long line is there",
    () => readFileSync(node.at(pod.logPath()), "utf8").split("\n").length > 8,
    { timeoutMs: 10_000 },
  );
  await node.cri.call("StopContainer", { container_id: id, timeout: "0" });
  writeFileSync(
    join(target, "long-lines.log.gz"),
    gzipSync(readFileSync(node.at(pod.logPath())), { level: 9 }),
  );
  const lost = await pod.start();
  await node.crash();
  writeFileSync(join(target, "lost-before.json"), readStatus(node, lost));
  await node.restart();
  await waitFor("its end is written down", () => !readStatus(node, lost).includes('"FinishedAt":0'), {
    timeoutMs: 20_000,
  });
  console.log("lost", readStatus(node, lost));
  writeFileSync(join(target, "lost.json"), readStatus(node, lost));
}

function readStatus(node: ContainerNode, id: string): string {
  return readFileSync(node.at(join(RECORDS, id, "status")), "utf8");
}

await capture(process.argv[2]);
