/**
 * `etcdscope diagnose`, without a configuration, on a machine whose etcd cannot start: its unit tells what it would start with, and
 * the cause is named first. Each fault is real, and so is the attempt to start that ended with it.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { textWidth } from "../../cli/view/text-width.ts";
import type { Diagnosis } from "../../shared/rest.ts";
import { createDisk } from "../lab/disk.ts";
import { ensureEtcd, type EtcdBinaries, type EtcdVersion } from "../lab/etcd-binaries.ts";
import { findWhyNoPrivateMachine, runOnPrivateMachine } from "../lab/private-machine.ts";

const COMMAND = join(import.meta.dirname, "../../bin/etcdscope");
const NOBODY = 65534;

interface Told {
  readonly said: Diagnosis;
  readonly en: string;
  readonly zh: string;
}

describe.each(["3.5", "3.4"] as const)("cli/run-diagnose of an etcd %s that cannot start", (version) => {
  let binaries: EtcdBinaries | undefined;
  let why = "";
  let dir = "";

  beforeEach(async () => {
    const found = findWhyNoPrivateMachine() ?? (await ensureEtcd(version as EtcdVersion));
    binaries = found.kind === "available" ? found : undefined;
    why = found.kind === "available" ? "" : found.because;
    // Below the machine's own folder for such: every user may go there.
    dir = mkdtempSync(join(tmpdir(), "dead-"));
    chmodSync(dir, 0o755);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Where it says what it says at its start: what systemd would have in its journal. */
  function log(): string {
    return join(dir, "etcd.log");
  }

  interface Fault {
    readonly flags?: Readonly<Record<string, string>>;
    /** Shell commands before the attempt to start. */
    readonly before?: string;
    readonly user?: number;
  }

  /** Starts it as its unit does, waits for its end, and asks in every way. */
  async function diagnose({ flags = {}, before = "", user }: Fault): Promise<Told> {
    const all = {
      name: "m1",
      "data-dir": join(dir, "data"),
      "listen-client-urls": "http://127.0.0.1:2379",
      "advertise-client-urls": "http://127.0.0.1:2379",
      "listen-peer-urls": "http://127.0.0.1:2380",
      "initial-advertise-peer-urls": "http://127.0.0.1:2380",
      "initial-cluster": "m1=http://127.0.0.1:2380",
      logger: "zap",
      ...flags,
    };
    const start = [
      binaries?.etcd ?? "",
      ...Object.entries(all).map(([flag, value]) => `--${flag}=${value}`),
    ].join(" ");
    const unit = [
      "[Service]",
      "Type=notify",
      ...(user === undefined ? [] : [`User=${user}`]),
      `ExecStart=/bin/sh -c "exec ${start}"`,
      `StandardError=append:${log()}`,
      "",
    ].join("\n");
    const as = user === undefined ? "" : `setpriv --reuid=${user} --regid=${user} --clear-groups -- `;
    const script = [
      before,
      `${as}timeout 20 ${start} >> ${log()} 2>&1 || true`,
      ...["--json", "--lang zh", "--lang en"].map(
        (how) => `${COMMAND} diagnose ${how} > ${dir}/${how.slice(-2)} & p="$p $!"`,
      ),
      // Not for what holds a port: that goes on until the machine ends. Each says that something is bad.
      "for each in $p; do code=0; wait $each || code=$?; test $code -eq 1; done",
    ].join("\n");
    const { ok, stderr } = await runOnPrivateMachine(unit, script);
    expect([ok, stderr]).toEqual([true, ""]);
    const read = (name: string): string => readFileSync(join(dir, name), "utf8");
    return { said: JSON.parse(read("on")) as Diagnosis, en: read("en"), zh: read("zh") };
  }

  function badCodes({ layers }: Diagnosis): readonly string[] {
    return layers.flatMap(({ checks }) =>
      checks.flatMap(({ state, code }) => (state === "bad" ? [code] : [])),
    );
  }

  /** The cause comes first, ETCD_NOT_FOUND is its effect, and where to read on is known. */
  function expectCause({ said, en, zh }: Told, code: string): void {
    expect(said.state).toBe("bad");
    expect(badCodes(said)).toEqual(expect.arrayContaining(["ETCD_NOT_FOUND", code]));
    expect(said.next?.code).toBe(code);
    for (const layer of said.layers) {
      expect(layer.next !== null, layer.layer).toBe(layer.state === "bad");
    }
    for (const text of [en, zh]) {
      expect(text).toContain(code);
      expect(text).toContain("/etc/systemd/system/etcd.service");
      expect(text).not.toContain("etcdscope diagnose");
      const prose = text.split("\n").filter((line) => !line.includes("/tmp/"));
      expect(prose.filter((line) => textWidth(line) > 100)).toEqual([]);
    }
  }

  it("names who holds its port", async (context) => {
    if (binaries === undefined) {
      context.skip(why);
      return;
    }
    const holder = `require("net").createServer().listen(2379, "127.0.0.1", () => console.log("holds"))`;
    const before = `${process.execPath} -e '${holder}' > ${dir}/holder & until grep -qs holds ${dir}/holder; do sleep 0.1; done`;
    const told = await diagnose({ before });
    expectCause(told, "START_PORT_IN_USE");
    expect(told.en).toMatch(/\(pid \d+\) listens on\s+127\.0\.0\.1:2379/);
    expect(told.en).toMatch(/address already in\s+use/);
    expect(told.en).toContain(`tail -n 80 ${log()}`);
    expect(told.zh).toContain("m1 无法启动：其端口被其他进程占用");
  });

  it("names the certificate that is not there", async (context) => {
    if (binaries === undefined) {
      context.skip(why);
      return;
    }
    const told = await diagnose({
      flags: {
        "listen-client-urls": "https://127.0.0.1:2379",
        "advertise-client-urls": "https://127.0.0.1:2379",
        "cert-file": join(dir, "server.crt"),
        "key-file": join(dir, "server.key"),
      },
    });
    expectCause(told, "START_CERT_UNREADABLE");
    expect(told.en.replaceAll(/\s+/g, " ")).toContain(`${join(dir, "server.crt")} does not exist`);
    // What the file's own check says of it is the same fault.
    expect(badCodes(told.said)).toContain("CERT_UNREADABLE");
  });

  it("names the data directory that is not its user's", async (context) => {
    if (binaries === undefined) {
      context.skip(why);
      return;
    }
    mkdirSync(join(dir, "data/member"), { recursive: true, mode: 0o700 });
    const told = await diagnose({ user: NOBODY });
    expectCause(told, "START_DATA_DIR_PERMISSION");
    expect(told.en.replaceAll(/\s+/g, " ")).toMatch(/data belongs to 0:0 with mode 0700, etcd runs as 65534/);
  });

  it("names the disk that is full", async (context) => {
    if (binaries === undefined) {
      context.skip(why);
      return;
    }
    const disk = await createDisk({ dir, name: "disk", sizeBytes: 24 * 2 ** 20 });
    if (disk.kind === "unavailable") {
      context.skip(disk.because);
      return;
    }
    try {
      mkdirSync(join(disk.mountPoint, "etcd"), { mode: 0o700 });
      await disk.fill();
      const told = await diagnose({ flags: { "data-dir": join(disk.mountPoint, "etcd") } });
      expectCause(told, "DISK_FULL");
      expect(told.en.replaceAll(/\s+/g, " ")).toMatch(/etcd has 0 B of .* free/);
    } finally {
      await disk.remove();
    }
  });
});
