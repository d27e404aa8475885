import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { parseLoad } from "../../../agent/host/parse-load.ts";
import { createNodeProbe } from "../../../agent/probe/node.ts";
import { createManualClock } from "../manual-clock.ts";
import { probeContext } from "./probe-context.ts";

const FIXTURE = join(import.meta.dirname, "../../fixture/proc");
const UPTIME_MS = 2_707_580;

describe("agent/probe/node", () => {
  it("tells what the machine is, since when it is up, and its load", async () => {
    const clock = createManualClock();
    const host = createLinuxHost({ clock, procRoot: FIXTURE });
    const { facts, samples } = await createNodeProbe().run(probeContext({ clock, host }));
    expect(facts?.map(({ key }) => key)).toEqual(["node"]);
    expect(facts?.[0]?.body.value).toMatchObject({
      hostname: "m1",
      cpus: 2,
      bootedAtUnixMs: BigInt(clock.nowMs() - UPTIME_MS),
    });
    expect(samples).toEqual([{ key: "node_load1", value: 17.2 }]);
  });

  it("keeps the time of the boot while two clocks wander, and follows one that was set", async () => {
    const clock = createManualClock();
    const probe = createNodeProbe();
    const look = async (uptimeMs: number): Promise<unknown> => {
      const host = { ...createLinuxHost({ clock, procRoot: FIXTURE }), readUptimeMs: () => uptimeMs };
      const body = (await probe.run(probeContext({ clock, host }))).facts?.[0]?.body;
      return body?.case === "node" ? Number(body.value.bootedAtUnixMs) - clock.nowMs() : undefined;
    };
    expect(await look(60_000)).toBe(-60_000);
    expect(await look(61_500)).toBe(-60_000);
    expect(await look(63_000)).toBe(-63_000);
  });

  it("sends no load where the kernel does not say", async () => {
    const host = {
      ...createLinuxHost({ clock: createManualClock(), procRoot: FIXTURE }),
      findLoad: () => undefined,
    };
    expect((await createNodeProbe().run(probeContext({ host }))).samples).toEqual([]);
    expect(["", "x", "1", "nan 0 0"].map(parseLoad)).toEqual([undefined, undefined, undefined, undefined]);
    expect(parseLoad("0.00 0.01 0.05 1/80 12345\n")).toBe(0);
  });
});
