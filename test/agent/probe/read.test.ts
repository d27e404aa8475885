import { describe, expect, it } from "vitest";
import { createReadProbe } from "../../../agent/probe/read.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { fakeEtcd } from "./fake-etcd.ts";
import { probeContext } from "./probe-context.ts";

describe("agent/probe/read", () => {
  it.each(["serializable", "linearizable"])("measures a %s read", async (target) => {
    const asked: string[] = [];
    const etcd = fakeEtcd({
      read: (consistency) => {
        asked.push(consistency);
        return Promise.resolve();
      },
    });
    const { samples } = await createReadProbe().run(probeContext({ etcd, target }));
    expect(asked).toEqual([target]);
    expect(samples).toEqual([
      {
        key: `etcdscope_read_duration_seconds{consistency="${target}"}`,
        value: expect.any(Number) as number,
      },
    ]);
  });

  it("hands on why a read failed", async () => {
    const error = new EtcdscopeError("UNAVAILABLE", "No leader", { reason: "no_leader" });
    const etcd = fakeEtcd({ read: () => Promise.reject(error) });
    await expect(createReadProbe().run(probeContext({ etcd, target: "linearizable" }))).rejects.toBe(error);
  });
});
