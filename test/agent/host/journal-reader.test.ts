/** How journalctl is asked and read; the journal itself is read by `npm run test:systemd`. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { JournalReader, type JournalPlace } from "../../../agent/host/journal-reader.ts";
import { systemClock } from "../../../shared/clock.ts";
import { waitFor } from "../../lab/wait-for.ts";

const MACHINE = "311cfa7463ad48b58b23f407b5c955ea";
const dir = mkdtempSync(join(tmpdir(), "etcdscope-journal-"));
const machineIdPath = join(dir, "machine-id");
writeFileSync(machineIdPath, `${MACHINE}\n`);

function program(name: string, script: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function readUntil(
  reader: JournalReader,
  place: JournalPlace,
  isEnough: (text: string) => boolean,
): Promise<string> {
  let text = "";
  await waitFor(
    "the journal has been read",
    async () => {
      text += (await reader.read(place)).bytes.toString();
      return isEnough(text);
    },
    { timeoutMs: 20_000, intervalMs: 20, describeLast: () => text },
  );
  return text;
}

describe("agent/host/journal-reader", () => {
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each([
    ["since a time", { cursor: undefined, sinceMs: 5_999 }, "--no-tail --since=@5"],
    ["behind a cursor", { cursor: "s=1;i=2", sinceMs: 0 }, "--no-tail --after-cursor=s=1;i=2"],
    ["from its end", { cursor: undefined, sinceMs: 0, lines: 500 }, "--lines=500"],
  ])("follows one unit %s, in all boots of this machine and no other", async (_, from, told) => {
    const script = program("asked", 'echo "$@"; exec sleep 60');
    const reader = new JournalReader({ clock: systemClock, program: script, machineIdPath });
    const asked = await readUntil(reader, { match: "etcd.service", ...from }, (text) => text.endsWith("\n"));
    reader.close();
    expect(asked.trim()).toBe(
      `--merge _MACHINE_ID=${MACHINE} --follow --no-pager --all --output=json ` +
        `--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM --unit=etcd.service ${told}`,
    );
  });

  it("follows one container, whoever is said to have written its lines", async () => {
    const script = program("asked", 'echo "$@"; exec sleep 60');
    const reader = new JournalReader({ clock: systemClock, program: script, machineIdPath });
    const place = { match: "CONTAINER_ID_FULL=c0ffee", cursor: undefined, sinceMs: 0 };
    const asked = await readUntil(reader, place, (text) => text.endsWith("\n"));
    reader.close();
    expect(asked).toContain(" --output-fields=MESSAGE CONTAINER_ID_FULL=c0ffee --no-tail ");
  });

  it("gives what comes as it comes, and says where a new journalctl begins", async () => {
    const script = program("speaks", "sleep 0.1; echo one; sleep 0.3; echo two; exec sleep 60");
    const reader = new JournalReader({ clock: systemClock, program: script, machineIdPath });
    const place = { match: "etcd.service", cursor: undefined, sinceMs: 0 };
    expect(await reader.read(place)).toMatchObject({ isNew: true });
    await readUntil(reader, place, (text) => text.includes("two\n"));
    expect(await reader.read(place)).toMatchObject({ isNew: false });
    reader.close();
  });

  it("says why it cannot be read", async () => {
    const script = program(
      "refuses",
      "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1",
    );
    const reader = new JournalReader({ clock: systemClock, program: script, machineIdPath });
    const place = { match: "etcd.service", cursor: undefined, sinceMs: 0 };
    let said = "";
    await waitFor(
      "it is told",
      async () => {
        said = await reader.read(place).then(
          () => "",
          (error: unknown) => String(error),
        );
        return said !== "";
      },
      { timeoutMs: 20_000, intervalMs: 20 },
    );
    expect(said).toMatch(/journalctl cannot be followed: No journal files were opened/);
  });
});
