import { describe, expect, it } from "vitest";
import {
  COMMON_DEFAULTS,
  findDefaultsVersion,
  VERSION_DEFAULTS,
} from "../../../agent/discovery/etcd-flag-defaults.ts";
import { classifyVariable } from "../../../agent/discovery/etcd-flag-names.ts";
import { ensureEtcd } from "../../lab/etcd-binaries.ts";
import type { EtcdVersion } from "../../lab/etcd-binaries.ts";
import { runCommand } from "../../lab/run-command.ts";

/** Of no bearing on what is compared or diagnosed, or written as no value. */
const LEFT_OUT = new Set([
  "data-dir",
  "initial-cluster",
  "initial-cluster-state",
  "initial-cluster-token",
  "initial-election-tick-advance",
  "backend-batch-limit",
  "max-concurrent-streams",
  "grpc-keepalive-min-time",
  "grpc-keepalive-interval",
  "grpc-keepalive-timeout",
  "discovery-fallback",
  "cors",
  "host-whitelist",
  "auth-token",
  "auth-token-ttl",
  "bcrypt-cost",
  "enable-pprof",
  "metrics",
  "log-outputs",
  "log-level",
  "log-rotation-config-json",
  "force-new-cluster",
  "proxy",
  "proxy-failure-wait",
  "proxy-refresh-interval",
  "proxy-dial-timeout",
  "proxy-write-timeout",
  "proxy-read-timeout",
  "experimental-distributed-tracing-address",
  "experimental-distributed-tracing-service-name",
  "experimental-distributed-tracing-sampling-rate",
]);

/** "  --name 'm1'" and "  --bcrypt-cost 10"; "" where the page says no default. */
function parseHelp(page: string): ReadonlyMap<string, string> {
  const lines = page.matchAll(/^\s+--([a-z0-9-]+)(?: (?:'(.*)'|(\d+)))?\s*$/gm);
  return new Map([...lines].map(([, name = "", quoted, bare]) => [name, quoted ?? bare ?? ""]));
}

describe("agent/discovery/etcd-flag-defaults", () => {
  for (const version of ["3.4", "3.5"] as const satisfies readonly EtcdVersion[]) {
    it(`says of ${version} what its own --help says`, async (context) => {
      const binaries = await ensureEtcd(version);
      if (binaries.kind === "unavailable") {
        context.skip(binaries.because);
        return;
      }
      const { stdout, stderr } = await runCommand([binaries.etcd, "--help"]);
      const help = parseHelp(stdout + stderr);
      expect(help.size).toBeGreaterThan(70);
      const told = [...help].filter(([name, value]) => value !== "" && !LEFT_OUT.has(name));
      expect({ ...COMMON_DEFAULTS, ...VERSION_DEFAULTS[version] }).toEqual(Object.fromEntries(told));
      const unknown = [...help.keys()].filter((name) => classifyVariable(name) !== "known");
      // What the first lines of the page speak of, which is no setting.
      expect(unknown).toEqual([]);
    });
  }

  it("knows what a version has changed", () => {
    const f = (flag: string, want: readonly (string | undefined)[]): void => {
      expect(
        ["3.4", "3.5", "3.6"].map((version) => VERSION_DEFAULTS[version]?.[flag]),
        flag,
      ).toEqual(want);
    };
    f("pre-vote", ["false", "true", "true"]);
    f("logger", ["capnslog", "zap", "zap"]);
    f("snapshot-count", ["100000", "100000", "10000"]);
    f("max-learners", [undefined, undefined, "1"]);
  });

  it("has none for a version that it does not know", () => {
    expect(["3.4.23", "3.5.16", "3.6.0-rc.1", "3.7.0", "4.0.1", "", "3.5"].map(findDefaultsVersion)).toEqual([
      "3.4",
      "3.5",
      "3.6",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
