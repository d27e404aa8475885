import { describe, expect, it } from "vitest";
import { findManifestUser, findUnitUser } from "../../../agent/discovery/find-start-user.ts";

const FILES: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\netcd:x:998:997::/var/lib/etcd:/usr/sbin/nologin\n",
  "/etc/group": "root:x:0:\netcd:x:997:\nssl-cert:x:120:etcd,www\n",
};

describe("agent/discovery/find-start-user", () => {
  it("reads a unit's user with all groups", async () => {
    const f = async (unit: string): Promise<unknown> =>
      await findUnitUser(unit, (path) => Promise.resolve(FILES[path]));
    expect(await f("[Service]\nUser=etcd\n")).toEqual({ uid: 998, gids: [997, 120] });
    expect(await f("[Service]\nUser=998\nGroup=ssl-cert\n")).toEqual({ uid: 998, gids: [120] });
    expect(await f("[Service]\nExecStart=etcd\n")).toEqual({ uid: 0, gids: [0] });
    expect(await f("[Service]\nUser=nobody-here\n")).toBeUndefined();
    expect(await f("[Service]\nUser=etcd\nDynamicUser=yes\n")).toBeUndefined();
  });

  it("reads a manifest's user", () => {
    expect(findManifestUser("securityContext:\n  runAsUser: 998\n  runAsGroup: 997\n")).toEqual({
      uid: 998,
      gids: [997],
    });
    expect(findManifestUser("spec: {}")).toEqual({ uid: 0, gids: [0] });
  });
});
