import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { createDiscovery } from "../../../agent/discovery/discovery.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { systemClock } from "../../../shared/clock.ts";
import { silentLog } from "../silent-log.ts";

const FIXTURE = join(import.meta.dirname, "../../fixture/proc");

describe("agent/discovery/discovery", () => {
  it("finds etcd in a captured proc tree", () => {
    const changes: number[] = [];
    const host = createLinuxHost({ clock: systemClock, procRoot: FIXTURE });
    const discovery = createDiscovery({
      host,
      wanted: { name: undefined, dataDir: undefined },
      clock: systemClock,
      log: silentLog,
      onChange: () => changes.push(1),
    });
    expect(discovery.note()).toBe("not looked yet");
    discovery.refresh();
    discovery.refresh();
    expect(changes).toHaveLength(1);
    expect(discovery.note()).toBe("");
    expect(discovery.discovered()).toMatchObject({
      pid: 812,
      executable: "/usr/bin/etcd",
      rootPrefix: "",
      flags: {
        name: "m1",
        dataDir: "/var/lib/etcd",
        heartbeatIntervalMs: 150,
        electionTimeoutMs: 3000,
        advertiseClientUrls: ["http://127.0.0.1:28379"],
        given: [
          "advertise-client-urls",
          "client-cert-auth",
          "data-dir",
          "election-timeout",
          "heartbeat-interval",
          "initial-advertise-peer-urls",
          "initial-cluster",
          "listen-client-urls",
          "listen-peer-urls",
          "name",
        ],
      },
    });
  });
});
