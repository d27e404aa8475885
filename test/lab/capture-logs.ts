/**
 * Captures what real etcds print under faults, for test/fixture/logs: `node test/lab/capture-logs.ts VERSION OUT LOGGER [STORY…]`.
 * Each story starts a cluster and breaks it; OUT/STORY.raw has what the members printed from then on, OUT/boot.raw what came before.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createDisk } from "./disk.ts";
import { ensureEtcd, type EtcdVersion } from "./etcd-binaries.ts";
import { createEtcdCluster } from "./etcd-cluster.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { STORIES } from "./log-stories.ts";
import type { Story } from "./log-story.ts";
import { createNetwork } from "./network.ts";
import { createRunFolder, removeFolderWithMounts } from "./run-folder.ts";
import { waitFor } from "./wait-for.ts";

async function tell(
  name: string,
  story: Story,
  { version, out, logger }: { version: EtcdVersion; out: string; logger: string },
): Promise<void> {
  const binaries = await ensureEtcd(version);
  if (binaries.kind !== "available") {
    throw new Error(binaries.because);
  }
  const dir = await createRunFolder();
  const names = ["m1", "m2", "m3"];
  const network = story.namespaces ? await createNetwork({ members: names }) : undefined;
  if (network?.kind === "unavailable") {
    throw new Error(network.because);
  }
  const disk =
    story.smallDisk === undefined
      ? undefined
      : await createDisk({ dir, name: `disk-${story.smallDisk}`, sizeBytes: 160 * 1024 * 1024 });
  if (disk?.kind === "unavailable") {
    throw new Error(disk.because);
  }
  const etcd = await createEtcdCluster({
    binaries,
    dir,
    flags: { logger, ...story.flags },
    members: names.map((member) => ({
      name: member,
      ...(network === undefined
        ? {}
        : { namespace: network.node(member).namespace, ip: network.node(member).ip }),
      ...(disk !== undefined && member === story.smallDisk ? { dataDir: join(disk.mountPoint, "data") } : {}),
    })),
    ...(network === undefined ? {} : { clientNamespace: network.node("collector").namespace }),
  });
  try {
    await etcd.start();
    await etcd.waitHealthy();
    if (disk !== undefined) {
      await disk.fill(3 * 1024 * 1024);
    }
    await delay(500);
    const begun = new Map(etcd.members.map((member) => [member.name, statSync(member.logPath).size]));
    const read = (member: EtcdMember): string =>
      readFileSync(member.logPath).subarray(begun.get(member.name)).toString("utf8");
    await story.run({
      etcd,
      network,
      dir,
      binaries,
      until: async (member, text, timeoutMs = 15_000) =>
        await waitFor(
          `${member.name} says ${String(text)}`,
          () => (typeof text === "string" ? read(member).includes(text) : text.test(read(member))),
          { timeoutMs },
        ).then(
          () => true,
          (error: unknown) => {
            console.error(`${name}: ${String(error)}`);
            return false;
          },
        ),
    });
    const clean = (text: string): string[] => text.replaceAll(dir, "/var/lib/etcd").split("\n");
    const before = etcd.members.flatMap((member) =>
      clean(readFileSync(member.logPath).subarray(0, begun.get(member.name)).toString("utf8")),
    );
    const after = etcd.members.flatMap((member) => clean(read(member)));
    const extra = existsSync(join(dir, "start.log"))
      ? clean(readFileSync(join(dir, "start.log"), "utf8"))
      : [];
    mkdirSync(out, { recursive: true });
    appendFileSync(join(out, "boot.raw"), `${before.join("\n")}\n`);
    writeFileSync(join(out, `${name}.raw`), `${[...after, ...extra].join("\n")}\n`);
    console.log(`${name}: ${after.length} lines`);
  } finally {
    await etcd.stopAll();
    await disk?.remove();
    await network?.destroy();
    await removeFolderWithMounts(dir);
  }
}

const [version = "3.5", out = "", logger = "zap", ...wanted] = process.argv.slice(2);
for (const [name, story] of Object.entries(STORIES)) {
  if (wanted.length === 0 || wanted.includes(name)) {
    try {
      await tell(name, story, { version: version as EtcdVersion, out, logger });
    } catch (error) {
      console.error(`${name}: ${String(error)}`);
    }
  }
}
