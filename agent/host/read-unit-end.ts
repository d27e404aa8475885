/** How systemd says that a unit's main process ended. One short-lived `systemctl show`, only when etcd has vanished, or was not there at the first look. */
import { execFile } from "node:child_process";

export interface UnitEnd {
  /** "exited", "killed" or "dumped". */
  readonly how: string;
  /** Exit code, or the signal's number. */
  readonly status: number;
  /** systemd's word for it: "exit-code", "signal", "oom-kill", "timeout", "watchdog", "success", … */
  readonly result: string;
  /** By systemd itself, since the unit was last started by hand. */
  readonly restarts: number;
  /** Since the machine came up; undefined: systemd does not say. */
  readonly endedAtUptimeMs?: number | undefined;
}

const LIMIT_MS = 2000;
/** siginfo's si_code, which is what ExecMainCode is. */
const HOW: Readonly<Record<string, string>> = { "1": "exited", "2": "killed", "3": "dumped" };

/** undefined: no systemd here, it does not know the unit, or its main process has not ended. */
export async function readUnitEnd(unit: string): Promise<UnitEnd | undefined> {
  const properties = "ExecMainCode,ExecMainStatus,ExecMainExitTimestampMonotonic,Result,NRestarts";
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(
    "systemctl",
    ["show", unit, `--property=${properties}`],
    { timeout: LIMIT_MS, maxBuffer: 64 * 1024 },
    (error, stdout) => resolve(error === null ? stdout : ""),
  );
  return parseUnitEnd(await promise);
}

export function parseUnitEnd(text: string): UnitEnd | undefined {
  const at = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";
  const how = HOW[at("ExecMainCode")];
  const endedAtUs = Number(at("ExecMainExitTimestampMonotonic")) || 0;
  return how === undefined
    ? undefined
    : {
        how,
        status: Number(at("ExecMainStatus")),
        result: at("Result"),
        restarts: Number(at("NRestarts")) || 0,
        ...(endedAtUs > 0 ? { endedAtUptimeMs: endedAtUs / 1000 } : {}),
      };
}
