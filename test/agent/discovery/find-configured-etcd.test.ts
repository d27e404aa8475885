import { describe, expect, it } from "vitest";
import { findConfiguredEtcd } from "../../../agent/discovery/find-configured-etcd.ts";
import { parseManifestFlags } from "../../../agent/discovery/parse-manifest.ts";
import { parseUnitFlags } from "../../../agent/discovery/parse-unit.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { systemClock } from "../../../shared/clock.ts";

/** As kubeadm 1.32 writes it, cut to what is read. */
const MANIFEST = `apiVersion: v1
kind: Pod
metadata:
  name: etcd
spec:
  containers:
  - command:
    - etcd
    - --advertise-client-urls=https://10.0.0.1:2379
    - --cert-file=/etc/kubernetes/pki/etcd/server.crt
    - --data-dir=/var/lib/etcd
    - --initial-cluster=m1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380
    - --name=m1
    image: registry.k8s.io/etcd:3.5.16-0
`;
/** As Debian's etcd-server 3.5 installs it, cut to what is read. */
const UNIT = `[Service]
Environment=DAEMON_ARGS=
Environment=ETCD_NAME=%H
Environment=ETCD_DATA_DIR=/var/lib/etcd/default
EnvironmentFile=-/etc/default/%p
Type=notify
ExecStart=/usr/bin/etcd $DAEMON_ARGS
`;
const OWN_UNIT = `[Service]
EnvironmentFile=/etc/etcd.env
ExecStart=/usr/local/bin/etcd \\
  --name m2 \\
  --data-dir="/srv/my etcd" --quota-backend-bytes=\${QUOTA}
`;

function hostWith(files: Readonly<Record<string, string>>) {
  return {
    ...createLinuxHost({ clock: systemClock }),
    readSmallFile: async (path: string): Promise<Buffer> => {
      const text = files[path];
      if (text === undefined) {
        throw new EtcdscopeError("NOT_FOUND", `${path} is not there`);
      }
      return Promise.resolve(Buffer.from(text));
    },
  };
}

const SIGNAL = new AbortController().signal;
const ANY = { name: undefined, dataDir: undefined };

describe("agent/discovery/find-configured-etcd", () => {
  it("reads kubeadm's manifest", async () => {
    const found = await findConfiguredEtcd(
      hostWith({ "/etc/kubernetes/manifests/etcd.yaml": MANIFEST }),
      ANY,
      SIGNAL,
    );
    expect(found?.source).toBe("/etc/kubernetes/manifests/etcd.yaml");
    expect(found?.etcd).toMatchObject({
      pid: undefined,
      flags: {
        name: "m1",
        dataDir: "/var/lib/etcd",
        clientTls: { certFile: "/etc/kubernetes/pki/etcd/server.crt" },
      },
    });
    // Only what was given: of an etcd that does not run no default is in force.
    expect(found?.etcd.flags.all).not.toHaveProperty("quota-backend-bytes");
  });

  it("reads a systemd unit with its environment files, the administrator's before the package's", async () => {
    const files = {
      "/etc/systemd/system/etcd.service": OWN_UNIT,
      "/lib/systemd/system/etcd.service": UNIT,
      "/etc/etcd.env": "# comment\nQUOTA=1048576\nETCD_LISTEN_PEER_URLS='https://10.0.0.2:2380'\n",
    };
    const found = await findConfiguredEtcd(hostWith(files), ANY, SIGNAL);
    expect(found?.source).toBe("/etc/systemd/system/etcd.service");
    expect(found?.etcd.flags.all).toEqual({
      name: "m2",
      "data-dir": "/srv/my etcd",
      "quota-backend-bytes": "1048576",
      "listen-peer-urls": "https://10.0.0.2:2380",
    });
  });

  it("takes the data directory of the configuration when no file fits", async () => {
    const host = hostWith({ "/etc/kubernetes/manifests/etcd.yaml": MANIFEST });
    const found = await findConfiguredEtcd(host, { name: "m9", dataDir: "/srv/m9" }, SIGNAL);
    expect(found).toMatchObject({
      source: "the configuration",
      etcd: { flags: { name: "m9", dataDir: "/srv/m9" } },
    });
    expect(await findConfiguredEtcd(hostWith({}), ANY, SIGNAL)).toBeUndefined();
  });
});

describe("agent/discovery/parse-manifest", () => {
  it.each([
    ["not: [yaml"],
    [""],
    ["kind: Pod"],
    ["spec: { containers: [ { command: [ kube-apiserver ] } ] }"],
  ])("finds no etcd in %j", async (text) => {
    expect(await parseManifestFlags(text)).toBeUndefined();
  });

  it("joins command and args", async () => {
    const text = "spec: { containers: [ { command: [ /usr/local/bin/etcd ], args: [ --name, m1 ] } ] }";
    expect(await parseManifestFlags(text)).toEqual({ name: "m1" });
  });
});

describe("agent/discovery/parse-unit", () => {
  it("reads Debian's unit", async () => {
    expect(
      await parseUnitFlags(UNIT, {
        hostname: "m1",
        read: async (path) =>
          Promise.resolve(
            path === "/etc/default/etcd" ? "ETCD_LISTEN_CLIENT_URLS=http://10.0.0.1:2379" : undefined,
          ),
      }),
    ).toEqual({
      name: "m1",
      "data-dir": "/var/lib/etcd/default",
      "listen-client-urls": "http://10.0.0.1:2379",
    });
  });

  it("finds no etcd in another's unit", async () => {
    const text = "[Service]\nExecStart=/usr/bin/etcdscope agent\n";
    expect(
      await parseUnitFlags(text, { hostname: "m1", read: async () => Promise.resolve(undefined) }),
    ).toBeUndefined();
  });
});
