/** What the directory of backups holds, as the author of a scenario writes it. */
import { BackupCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { parseBytes } from "./parse-bytes.ts";
import { setFact } from "./world.ts";
import type { World } from "./world.ts";

const BACKUP_CHECKS: Readonly<Record<string, BackupCheck>> = {
  valid: BackupCheck.VALID,
  truncated: BackupCheck.TRUNCATED,
  flipped: BackupCheck.HASH_MISMATCH,
  unknown: BackupCheck.UNKNOWN,
};

/** backups m1 1h/100MiB/valid 25h/90MiB/truncated room=1GiB | backups m1 none | backups m1 unreadable: the newest first. */
export function setBackups(world: World, [name = "", ...files]: readonly string[]): void {
  const agent = world.agent(name);
  const room = files.find((file) => file.startsWith("room="))?.slice("room=".length) ?? "10GiB";
  const newest = files
    .filter((file) => file.includes("/"))
    .map((file, index) => {
      const [age = "", size = "", check = ""] = file.split("/");
      const ageMs = Number.parseFloat(age) * 3_600_000;
      return {
        name: `snapshot-${index}.db`,
        sizeBytes: BigInt(parseBytes(size)),
        modifiedAtUnixMs: BigInt(Math.round(world.nowMs + agent.skewMs - ageMs)),
        check: BACKUP_CHECKS[check] ?? BackupCheck.UNKNOWN,
        problem: check === "valid" ? "" : check,
      };
    });
  setFact(agent, "backups", {
    case: "backups",
    value: {
      directory: "/backup",
      problem: files[0] === "unreadable" ? "permission denied" : "",
      count: newest.length,
      newest,
      maxAgeMs: 93_600_000n,
      availableBytes: BigInt(parseBytes(room)),
      oldestAtUnixMs: newest.at(-1)?.modifiedAtUnixMs ?? 0n,
    },
  });
}
