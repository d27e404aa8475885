import { describe, expect, it } from "vitest";
import type { FileFacts } from "../../../agent/host/host-door.ts";
import { createClockSyncProbe } from "../../../agent/probe/clock-sync.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { type ClockFact, Layer } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createManualClock } from "../manual-clock.ts";
import { probeContext } from "./probe-context.ts";

const HOUR_MS = 3_600_000;

/** By path, how long ago each was written; of other paths there is nothing, or nothing that may be seen. */
async function look(
  process: string,
  ages: Readonly<Record<string, number>>,
  missing: "not_found" | "permission_denied" = "not_found",
): Promise<ClockFact> {
  const clock = createManualClock();
  const host = {
    listProcessIds: () => [1, 7],
    findProcessName: (pid: number) => (pid === 7 ? process : "init"),
    readFileFacts: (path: string) => {
      const age = ages[path];
      return age === undefined
        ? Promise.reject(new EtcdscopeError("NOT_FOUND", path, { reason: missing }))
        : Promise.resolve({ modifiedAtMs: clock.nowMs() - age } as FileFacts);
    },
  };
  const { facts } = await createClockSyncProbe().run(probeContext({ clock, host }));
  const body = facts?.[0]?.body;
  if (body?.case !== "clock") {
    throw new Error("Expected a clock fact");
  }
  return body.value;
}

describe("agent/probe/clock-sync", () => {
  it("trusts timesyncd's mark, and its absence", async () => {
    const mark = "/run/systemd/timesync/synchronized";
    expect(await look("systemd-timesyn", { [mark]: HOUR_MS })).toMatchObject({
      service: "timesyncd",
      synchronized: Layer.OK,
    });
    expect(await look("systemd-timesyn", { [mark]: 3 * HOUR_MS })).toMatchObject({
      service: "timesyncd",
      synchronized: Layer.UNSPECIFIED,
      reason: "it last heard a time source more than 2 h ago",
    });
    expect((await look("systemd-timesyn", {})).synchronized).toBe(Layer.FAILED);
    expect(await look("systemd-timesyn", {}, "permission_denied")).toMatchObject({
      synchronized: Layer.UNSPECIFIED,
      reason: "its mark may not be looked at",
    });
  });

  it("takes a drift file that was written lately as proof, and an old one as none", async () => {
    const drift = "/var/lib/chrony/drift";
    expect(await look("chronyd", { [drift]: HOUR_MS })).toMatchObject({
      service: "chrony",
      synchronized: Layer.OK,
      source: drift,
    });
    expect(await look("chronyd", { [drift]: 9 * HOUR_MS })).toMatchObject({
      synchronized: Layer.UNSPECIFIED,
      reason: "it was last written more than 3 h ago",
    });
    expect((await look("ntpd", { "/var/lib/ntpsec/ntp.drift": HOUR_MS })).synchronized).toBe(Layer.OK);
  });

  it("says why it cannot tell", async () => {
    expect((await look("chronyd", {})).reason).toBe("it has written no drift file yet");
    expect((await look("chronyd", {}, "permission_denied")).reason).toBe(
      "its drift file may not be looked at",
    );
    expect((await look("ptp4l", {})).reason).toBe("ptp4l leaves no trace");
    expect(await look("bash", {})).toMatchObject({ service: "", synchronized: Layer.UNSPECIFIED });
  });
});
