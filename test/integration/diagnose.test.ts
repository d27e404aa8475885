/** `etcdscope diagnose` as an operator calls it on a node, beside a real etcd that is well, ill or gone. No collector runs. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diagnosis, DiagnosisLayer } from "../../shared/rest.ts";
import { runEtcdscope } from "../cli/run-etcdscope.ts";
import { findWhyNotRoot } from "../lab/availability.ts";
import { createDisk, type Disk } from "../lab/disk.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { mustRun } from "../lab/run-command.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { issueStackCertificates, writeAgentConfig } from "../lab/stack-config.ts";

const binaries = await ensureEtcd("3.5");
const why = binaries.kind === "unavailable" ? ` (skipped: ${binaries.because})` : "";
describe.skipIf(binaries.kind === "unavailable")(`cli/run-diagnose beside a real etcd${why}`, () => {
  let dir = "";
  let etcd: EtcdCluster;
  let disk: Disk | undefined;
  let whyNoDisk = "";
  const configs = new Map<string, string>();

  beforeAll(async () => {
    if (binaries.kind === "unavailable") {
      return;
    }
    dir = await createRunFolder();
    const made = await createDisk({ dir: join(dir, "disks"), name: "m1", sizeBytes: 320 * 2 ** 20 });
    disk = made.kind === "available" ? made : undefined;
    whyNoDisk = made.kind === "available" ? "" : made.because;
    const members = ["m1", "m2", "m3"].map((name) => ({
      name,
      ...(name === "m1" && disk !== undefined ? { dataDir: join(disk.mountPoint, "etcd") } : {}),
    }));
    etcd = await createEtcdCluster({ binaries, dir: join(dir, "etcd"), members });
    const pkiDir = join(dir, "pki");
    await issueStackCertificates(pkiDir, "lab", { nodes: ["m1", "m2", "m3"], hosts: ["127.0.0.1"] });
    for (const member of etcd.members) {
      const place = { ip: "127.0.0.1", grpcPort: 1, httpPort: 1 };
      const request = { dir: join(dir, member.name), pkiDir, place, cluster: "lab", member, overrides: {} };
      configs.set(member.name, writeAgentConfig(request));
    }
    await etcd.start();
    await etcd.waitHealthy();
  });

  afterAll(async () => {
    await etcd?.stopAll();
    await disk?.remove();
    if (dir !== "") {
      await removeFolderWithMounts(dir);
    }
  });

  async function diagnose(
    member: EtcdMember,
    before: readonly string[] = [],
  ): Promise<{ readonly code: number | null; readonly said: Diagnosis }> {
    const config = configs.get(member.name) ?? "";
    const { code, out, error } = await runEtcdscope(["diagnose", "--config", config, "--json"], { before });
    expect(error).toBe("");
    return { code, said: JSON.parse(out) as Diagnosis };
  }

  function findSource(mountPoint: string): string {
    return execFileSync("findmnt", ["-n", "-o", "SOURCE", mountPoint], { encoding: "utf8" }).trim();
  }

  function badCodes({ layers }: Diagnosis): readonly string[] {
    return layers.flatMap(({ checks }) =>
      checks.filter(({ state }) => state === "bad").map(({ code }) => code),
    );
  }

  function layerOf({ layers }: Diagnosis, name: string): DiagnosisLayer {
    const found = layers.find(({ layer }) => layer === name);
    expect(found, name).toBeDefined();
    return found!;
  }

  it("finds a healthy node well, on one screen, in both languages", async () => {
    const { code, said } = await diagnose(etcd.member("m1"));
    expect(badCodes(said)).toEqual([]);
    expect([code, said.state, said.verdict, said.next]).toEqual([0, "ok", "healthy", null]);
    for (const name of ["process", "cluster", "storage", "network", "config"]) {
      expect(layerOf(said, name).state, name).toBe("ok");
    }
    for (const [language, word] of [
      ["en", "HEALTHY"],
      ["zh", "健康"],
    ] as const) {
      const args = ["diagnose", "--config", configs.get("m1") ?? "", "--lang", language];
      const text = await runEtcdscope(args);
      expect(text.code).toBe(0);
      expect(text.out).toContain(word);
      expect(text.out.split("\n").length, text.out).toBeLessThanOrEqual(24);
      expect(text.out).not.toContain("\u001b");
    }
  });

  it("takes what is read-only for itself alone, as its unit makes it, for no fault of the disk", async (context) => {
    const notRoot = findWhyNotRoot();
    if (notRoot) {
      context.skip(notRoot.because);
      return;
    }
    const member = etcd.member("m2");
    const sandbox = 'mount -o remount,bind,ro "$(findmnt -rno TARGET -T "$0")" && exec "$@"';
    const { code, said } = await diagnose(member, ["unshare", "-m", "sh", "-c", sandbox, member.dataDir]);
    expect(badCodes(said)).toEqual([]);
    expect([code, said.verdict]).toEqual([0, "healthy"]);
    const stalled = layerOf(said, "storage").checks.find((check) => check.code === "DISK_STALLED");
    expect(stalled?.subjects[0]?.text?.en).toContain(`ReadWritePaths=${member.dataDir}`);
  });

  it("finds the full disk while etcd still serves", async (context) => {
    if (disk === undefined) {
      context.skip(whyNoDisk);
      return;
    }
    await disk.fill();
    try {
      const { code, said } = await diagnose(etcd.member("m1"));
      expect(code).toBe(1);
      expect(badCodes(said)).toContain("DISK_FULL");
      expect(layerOf(said, "storage").state).toBe("bad");
      expect(said.next).toMatchObject({ code: "DISK_FULL", member: "m1" });
      expect(said.next?.command).toContain(`df -h ${etcd.member("m1").dataDir}`);
    } finally {
      disk.free();
    }
  });

  it("finds the process that is stopped, and what is safe to do", async () => {
    const [follower] = await etcd.followers();
    follower!.stop();
    try {
      const { code, said } = await diagnose(follower!);
      expect(code).toBe(1);
      expect(badCodes(said)).toContain("PROCESS_STOPPED");
      expect(layerOf(said, "process").state).toBe("bad");
      expect(said.next).toMatchObject({ code: "PROCESS_STOPPED" });
      expect(said.next?.command).toContain(`/proc/${follower!.pid}/status`);
      // A node that cannot ask its own etcd accuses nobody else.
      expect(badCodes(said)).not.toContain("NODE_UNREACHABLE");
    } finally {
      follower!.cont();
      await etcd.waitHealthy();
    }
  });

  it("sees from a node that is well which other member is gone, with the quorum at risk", async () => {
    const [follower] = await etcd.followers();
    const leader = await etcd.leader();
    await follower!.kill();
    const { code, said } = await diagnose(leader!);
    expect([code, said.verdict]).toEqual([1, "at-risk"]);
    expect(badCodes(said)).toEqual(expect.arrayContaining(["MEMBER_DOWN", "QUORUM_AT_RISK"]));
    const down = layerOf(said, "process").checks.find(({ code: one }) => one === "MEMBER_DOWN");
    expect(down?.subjects.find(({ state }) => state === "bad")?.subject.name).toBe(follower!.name);
    await follower!.start();
    await etcd.waitHealthy();
  });

  it("finds that no etcd runs here, its disk looked at all the same", async () => {
    const member = etcd.member("m1");
    await member.kill();
    const { code, said } = await diagnose(member);
    expect(code).toBe(1);
    expect(badCodes(said)).toContain("ETCD_NOT_FOUND");
    expect(layerOf(said, "storage").summary.en).toContain(member.dataDir);
    await member.start();
    await etcd.waitHealthy();
  });

  it("finds the file system that the kernel lets nobody write to after an error, whatever its mount says", async (context) => {
    const device = disk === undefined ? "" : posix.basename(findSource(disk.mountPoint));
    const trigger = `/sys/fs/ext4/${device}/trigger_fs_error`;
    if (disk === undefined || !existsSync(trigger)) {
      context.skip(whyNoDisk === "" ? "this kernel makes no ext4 errors on demand" : whyNoDisk);
      return;
    }
    await mustRun(["mount", "-o", "remount,errors=remount-ro", disk.mountPoint]);
    writeFileSync(trigger, "a test of etcdscope\n");
    const { code, said } = await diagnose(etcd.member("m1"));
    expect(code).toBe(1);
    expect(badCodes(said)).toContain("FS_READ_ONLY");
    expect(said.next).toMatchObject({ code: "FS_READ_ONLY", member: "m1" });
  });

  it("works when everything is down, and says what it cannot know", async () => {
    await etcd.stopAll();
    const { code, said } = await diagnose(etcd.member("m3"));
    expect(code).toBe(1);
    expect(badCodes(said)).toEqual(["ETCD_NOT_FOUND"]);
    expect(layerOf(said, "cluster").state).toBe("unknown");
    const text = await runEtcdscope(["diagnose", "--config", configs.get("m3") ?? ""]);
    expect(text.code).toBe(1);
    expect(text.out).toContain("ETCD_NOT_FOUND  no etcd process on m3");
  });
});
