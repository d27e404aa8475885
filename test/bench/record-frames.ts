/**
 * `node test/bench/record-frames.ts MINUTES`: records what a real agent beside a real etcd under a light load sends, for the
 * benchmarks to send again. Run it anew when agents say more or less than they did.
 */
import { toBinary } from "@bufbuild/protobuf";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import { systemClock } from "../../shared/clock.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster } from "../lab/etcd-cluster.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack } from "../lab/stack.ts";
import { openHistory } from "../lab/open-history.ts";
import { startLightLoad } from "./light-load.ts";
import { RECORDED_NODES, recordedFile, type RecordedNode } from "./real-frames.ts";

const BEST = { params: { [constants.ZSTD_c_compressionLevel]: 19 } };

async function record(minutes: number): Promise<void> {
  const binaries = await ensureEtcd("3.5");
  if (binaries.kind === "unavailable") {
    throw new Error(`Nothing can be recorded here: ${binaries.because}`);
  }
  const dir = await createRunFolder();
  const members = RECORDED_NODES.map((name) => ({ name }));
  const etcd = await createEtcdCluster({ binaries, dir: join(dir, "etcd"), members });
  try {
    await etcd.start();
    await etcd.waitHealthy();
    const load = startLightLoad(
      etcd.members.map(({ clientUrl, certDir }) => ({
        url: clientUrl,
        ca: join(certDir, "ca.crt"),
        cert: join(certDir, "peer.crt"),
        key: join(certDir, "peer.key"),
      })),
    );
    const stack = await createStack({ dir: join(dir, "stack"), etcd });
    try {
      await stack.start();
      await stack.waitFor("the verdict is healthy", ({ verdict }) => verdict === "healthy", {
        timeoutMs: 60_000,
      });
      const fromMs = systemClock.nowMs();
      await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
      await stack.stopAll();
      const frames = await readFrames(join(dir, "stack", "collector", "history.db"), stack.cluster, fromMs);
      for (const node of RECORDED_NODES) {
        const ofNode = frames.filter(({ agent }) => agent.node === node);
        write(
          node,
          ofNode.map(({ frame }) => frame),
        );
      }
    } finally {
      load.stop();
      await stack.stopAll();
    }
  } finally {
    await etcd.stopAll();
    await removeFolderWithMounts(dir);
  }
}

async function readFrames(path: string, cluster: string, fromMs: number): Promise<readonly ReceivedFrame[]> {
  const history = await openHistory(path);
  try {
    return await history.frames(cluster, fromMs, systemClock.nowMs());
  } finally {
    await history.close();
  }
}

function write(node: RecordedNode, frames: readonly Frame[]): void {
  const encoder = createFrameEncoder();
  const parts = frames.flatMap((frame) => {
    const bytes = toBinary(FrameSchema, encoder.encode(frame));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.length);
    return [head, bytes];
  });
  const file = recordedFile(node);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, zstdCompressSync(Buffer.concat(parts), BEST));
  console.log(`${frames.length} frames in ${file}`);
}

await record(Number(process.argv[2] ?? 9));
