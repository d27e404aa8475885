import { describe, expect, it } from "vitest";
import { findConfiguredEtcd } from "../../../agent/discovery/find-configured-etcd.ts";
import { findEtcdWords } from "../../../agent/discovery/find-etcd-words.ts";
import { mapPodPaths, parseManifest } from "../../../agent/discovery/parse-manifest.ts";
import { parseUnit } from "../../../agent/discovery/parse-unit.ts";
import { isReachable, pathOnHost } from "../../../agent/discovery/path-on-host.ts";
import { splitWords } from "../../../agent/discovery/split-words.ts";
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
    volumeMounts:
    - mountPath: /var/lib/etcd
      name: etcd-data
    - mountPath: /etc/kubernetes/pki/etcd
      name: etcd-certs
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki/etcd
      type: DirectoryOrCreate
    name: etcd-certs
  - hostPath:
      path: /var/lib/etcd
      type: DirectoryOrCreate
    name: etcd-data
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

/** As the etcd package of CentOS 7 and of Fedora installs it, cut to what is read. */
const RHEL_UNIT = `[Service]
Type=notify
WorkingDirectory=/var/lib/etcd/
EnvironmentFile=-/etc/etcd/etcd.conf
User=etcd
# set GOMAXPROCS to number of processors
ExecStart=/bin/bash -c "GOMAXPROCS=$(nproc) /usr/bin/etcd --name=\\"\${ETCD_NAME}\\" --data-dir=\\"\${ETCD_DATA_DIR}\\" --listen-client-urls=\\"\${ETCD_LISTEN_CLIENT_URLS}\\""
Restart=on-failure
`;
const RHEL_CONF = `#[Member]
ETCD_DATA_DIR="/var/lib/etcd/default.etcd"
ETCD_LISTEN_CLIENT_URLS="http://localhost:2379"
ETCD_NAME="default"
`;

/** Only what is given is there, but for what the machine says of itself. */
function hostWith(files: Readonly<Record<string, string>>) {
  return {
    ...createLinuxHost({ clock: systemClock }),
    listDirectory: async (path: string): Promise<readonly string[]> =>
      Promise.resolve(
        Object.keys(files).flatMap((file) =>
          file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : [],
        ),
      ),
    listFileNames: async (): Promise<readonly string[]> => Promise.resolve([]),
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

  it("reads a unit's drop-ins by their names, and one that begins its lists anew", async () => {
    const files = {
      "/etc/systemd/system/etcd.service.d/20-name.conf": "[Service]\nEnvironment=ETCD_NAME=m7\nUser=\n",
      "/usr/lib/systemd/system/etcd.service.d/10-start.conf":
        "[Service]\nExecStart=\nExecStart=/opt/etcd --data-dir=data\nWorkingDirectory=/srv\n",
      "/lib/systemd/system/etcd.service": UNIT,
    };
    const found = await findConfiguredEtcd(hostWith(files), ANY, SIGNAL);
    expect(found?.etcd).toMatchObject({
      user: { uid: 0 },
      flags: { name: "m7", dataDir: "/srv/data" },
      configuredBy: "/lib/systemd/system/etcd.service",
    });
    expect(found?.starter).toEqual({ kind: "unit", unit: "etcd.service" });
  });

  it("reads the configuration file that a unit names, which is then all that counts", async () => {
    const files = {
      "/etc/systemd/system/etcd.service":
        "[Service]\nEnvironment=ETCD_NAME=x\nWorkingDirectory=/etc/etcd\nExecStart=/usr/bin/etcd --config-file=etcd.yml --data-dir=/y\n",
      "/etc/etcd/etcd.yml":
        "name: m3\ndata-dir: /srv/m3\nlisten-client-urls: http://10.0.0.3:2379\nlog-outputs: [stderr, /var/log/etcd.log]\nclient-transport-security: { cert-file: /c.crt, key-file: /c.key }\n",
    };
    const found = await findConfiguredEtcd(hostWith(files), { name: "m3", dataDir: undefined }, SIGNAL);
    expect(found).toMatchObject({
      problem: "",
      starter: { kind: "file", path: "/var/log/etcd.log" },
      etcd: {
        flags: {
          name: "m3",
          dataDir: "/srv/m3",
          listenClientUrls: ["http://10.0.0.3:2379"],
          clientTls: { certFile: "/c.crt", keyFile: "/c.key" },
          all: { "config-file": "/etc/etcd/etcd.yml" },
        },
      },
    });
  });

  it("says why a configuration file could not be read, and takes no default for what it would say", async () => {
    const unit = "[Service]\nExecStart=/usr/bin/etcd --config-file /etc/none.yml\n";
    const files = { "/etc/systemd/system/etcd.service": unit };
    const found = await findConfiguredEtcd(hostWith(files), ANY, SIGNAL);
    expect(found?.problem).toContain("/etc/none.yml");
    expect(found?.etcd.flags.all).toEqual({ "config-file": "/etc/none.yml" });
    expect(await findConfiguredEtcd(hostWith(files), { ...ANY, name: "m1" }, SIGNAL)).toBeUndefined();
    const same = { ...ANY, name: "m1", configFile: "/etc/none.yml" };
    expect(await findConfiguredEtcd(hostWith(files), same, SIGNAL)).toBeDefined();
  });

  it("takes a container's paths to those of the host", async () => {
    const manifest = MANIFEST.replace("path: /var/lib/etcd\n", "path: /data/etcd/\n").replace(
      "--name=m1",
      "--wal-dir=/wal",
    );
    const host = hostWith({ "/etc/kubernetes/manifests/etcd.yaml": manifest });
    const etcd = (await findConfiguredEtcd(host, { ...ANY, dataDir: "/data/etcd" }, SIGNAL))?.etcd;
    expect(etcd?.flags.dataDir).toBe("/var/lib/etcd");
    expect(etcd === undefined ? "" : pathOnHost(etcd, "/var/lib/etcd")).toBe("/data/etcd");
    // Only the container has it, and there is none.
    expect(etcd === undefined ? true : isReachable(etcd, "/wal")).toBe(false);
    expect(etcd?.sharesNetwork).toBe(true);
  });

  it.each([
    ["/var/lib/rancher/k3s", undefined, { kind: "unit", unit: "k3s.service" }],
    [
      "/data/k3s",
      ["/etc/rancher/k3s/config.yaml", "data-dir: /data/k3s\n"],
      { kind: "unit", unit: "k3s.service" },
    ],
    ["/var/lib/rancher/rke2", undefined, { kind: "pod" }],
  ] as const)("reads what k3s or RKE2 wrote below %s", async (dir, own, starter) => {
    const path = `${dir}/server/db/etcd/config`;
    const files = {
      [path]: "name: cp1-1234\ndata-dir: /d\n",
      ...(own === undefined ? {} : { [own[0]]: own[1] }),
    };
    expect(await findConfiguredEtcd(hostWith(files), ANY, SIGNAL)).toMatchObject({
      source: path,
      starter,
      etcd: { flags: { name: "cp1-1234", dataDir: "/d" } },
    });
  });

  it("does not take a file that could not be read in time for one that is not there", async () => {
    const host = {
      ...hostWith({}),
      readSmallFile: async (): Promise<Buffer> => Promise.reject(new EtcdscopeError("TIMED_OUT", "It hangs")),
    };
    await expect(findConfiguredEtcd(host, ANY, SIGNAL)).rejects.toMatchObject({ code: "TIMED_OUT" });
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
    expect(await parseManifest(text, "m1")).toBeUndefined();
  });

  it("joins command and args", async () => {
    const text = "spec: { containers: [ { command: [ /usr/local/bin/etcd ], args: [ --name, m1 ] } ] }";
    expect((await parseManifest(text, "m1"))?.given).toEqual({ name: "m1" });
  });

  it("puts the container's variables in, and looks into a shell's command", async () => {
    const text = `spec:
  containers:
  - name: sidecar
    command: [ sleep, infinity ]
  - name: etcd
    env:
    - { name: ETCD_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
    - { name: DIR, value: /data }
    - { name: HOST_IP, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }
    command: [ /bin/sh, -ec ]
    args: [ "mkdir -p $(DIR); exec etcd --data-dir=$(DIR)/etcd --listen-peer-urls=https://$(HOST_IP):2380" ]
`;
    expect((await parseManifest(text, "m1"))?.given).toEqual({
      name: "m1",
      "data-dir": "/data/etcd",
      "listen-peer-urls": "https://:2380",
    });
  });

  it("takes the deepest mount, and leaves out what the host has nowhere", () => {
    const mounts = [
      { inside: "/data", outside: "/srv" },
      { inside: "/data/wal", outside: undefined },
      { inside: "/c.crt", outside: "/pki/c.crt" },
    ];
    expect(mapPodPaths(["/data/member", "/data/wal/0", "/c.crt", "/database"], mounts)).toEqual({
      "/data/member": "/srv/member",
      "/c.crt": "/pki/c.crt",
    });
  });
});

describe("agent/discovery/parse-unit", () => {
  it("reads Debian's unit", async () => {
    const file =
      "ETCD_LISTEN_CLIENT_URLS=http://10.0.0.1:2379\nDAEMON_ARGS='--snapshot-count 5 --pre-vote'\nETCD_DATA_DIR=/srv";
    const read = async (path: string): Promise<string | undefined> =>
      Promise.resolve(path === "/etc/default/etcd" ? file : undefined);
    expect(await parseUnit(UNIT, { hostname: "m1", read })).toEqual({
      given: {
        name: "m1",
        "data-dir": "/srv",
        "listen-client-urls": "http://10.0.0.1:2379",
        "snapshot-count": "5",
        "pre-vote": "true",
      },
      directory: "/",
      errorFile: undefined,
    });
  });

  it("reads the unit of CentOS and Fedora, which starts etcd from a shell", async () => {
    const read = async (path: string): Promise<string | undefined> =>
      Promise.resolve(path === "/etc/etcd/etcd.conf" ? RHEL_CONF : undefined);
    expect(await parseUnit(RHEL_UNIT, { hostname: "m1", read })).toMatchObject({
      given: {
        name: "default",
        "data-dir": "/var/lib/etcd/default.etcd",
        "listen-client-urls": "http://localhost:2379",
      },
      directory: "/var/lib/etcd/",
    });
  });

  it("knows the file that a unit sends etcd's log to", async () => {
    const f = async (text: string): Promise<string | undefined> =>
      (
        await parseUnit(`[Service]\nExecStart=/usr/bin/etcd\n${text}`, {
          hostname: "m1",
          read: async () => Promise.resolve(undefined),
        })
      )?.errorFile;
    expect(await f("StandardOutput=append:/var/log/etcd.log\n")).toBe("/var/log/etcd.log");
    expect(await f("StandardOutput=append:/x\nStandardError=journal\n")).toBeUndefined();
    expect(await f("StandardOutput=file:/x\nStandardError=inherit\n")).toBe("/x");
    expect(await f("")).toBeUndefined();
  });

  it("finds no etcd in another's unit", async () => {
    const text = "[Service]\nExecStart=/usr/bin/etcdscope agent\n";
    expect(
      await parseUnit(text, { hostname: "m1", read: async () => Promise.resolve(undefined) }),
    ).toBeUndefined();
  });
});

describe("agent/discovery/find-etcd-words", () => {
  it.each([
    ["/usr/bin/etcd --name m1", ["--name", "m1"]],
    ["/usr/bin/nice -n -10 /usr/bin/etcd --name=m1", ["--name=m1"]],
    ["/usr/bin/env ETCD_NAME=m2 etcd", []],
    ["/bin/sh -c 'cd /; exec /usr/bin/etcd --name=m1 >> /var/log/etcd.log 2>&1'", ["--name=m1"]],
    [
      "/bin/bash -lc 'export N=m1 && etcd --name=$N --data-dir=${DIR:-/d} --x=$(date)'",
      ["--name=m1", "--data-dir=/d", "--x="],
    ],
    ["/bin/sh -c 'etcd --name=$(hostname -s)'", ["--name=node-7"]],
    ["/usr/bin/etcdctl get x", undefined],
    ["/bin/sh /usr/local/bin/start-etcd.sh", undefined],
    ["", undefined],
  ])("%s", (line, words) => {
    expect(findEtcdWords(splitWords(line), { environment: {}, hostname: "node-7" })?.words).toEqual(words);
  });
});
