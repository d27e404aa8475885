import { describe, expect, it } from "vitest";

import {
  flattenConfigFile,
  parseArguments,
  parseEnvironmentFlags,
} from "../../../agent/discovery/parse-given-flags.ts";

describe("agent/discovery/parse-given-flags", () => {
  it("reads arguments as Go's flag package does", () => {
    const f = (words: readonly string[], want: Record<string, string>): void => {
      expect(parseArguments(words), words.join(" ")).toEqual(want);
    };
    f([], {});
    f(["--name", "m1"], { name: "m1" });
    f(["--name=m1", "-data-dir=/d"], { name: "m1", "data-dir": "/d" });
    f(["-name", "m1"], { name: "m1" });
    f(["--client-cert-auth", "--name", "m1"], { "client-cert-auth": "true", name: "m1" });
    f(["--client-cert-auth=false"], { "client-cert-auth": "false" });
    f(["--name", "m1", "--debug"], { name: "m1", debug: "true" });
    f(["--initial-cluster=m1=http://a:1,m2=http://b:1"], {
      "initial-cluster": "m1=http://a:1,m2=http://b:1",
    });
    f(["--quota-backend-bytes", "-1", "--name", "m1"], { "quota-backend-bytes": "-1", name: "m1" });
    f(["--name="], { name: "" });
    f(["--name", "a", "--name", "b"], { name: "b" });
    f(["stray", "--name", "m1"], { name: "m1" });
  });

  it("reads the environment's flags and nothing else of it", () => {
    expect(
      parseEnvironmentFlags({
        ETCD_DATA_DIR: "/d",
        ETCD_EXPERIMENTAL_COMPACT_HASH_CHECK_ENABLED: "true",
        ETCD_PORT: "tcp://10.0.0.1:2379",
        ETCD_SERVICE_HOST: "10.0.0.1",
        ETCD_NAME: "",
        ETCDCTL_API: "3",
        PATH: "/bin",
      }),
    ).toEqual({ "data-dir": "/d", "experimental-compact-hash-check-enabled": "true" });
  });

  it("keeps the flags of 3.6, and what may be one of a version to come as far as it cannot be a secret", () => {
    expect(
      parseEnvironmentFlags({
        ETCD_MAX_LEARNERS: "2",
        ETCD_FEATURE_GATES: "InitialCorruptCheck=true",
        ETCD_WATCH_PROGRESS_NOTIFY_INTERVAL: "5s",
        ETCD_CORRUPT_CHECK_TIME: "4h",
        ETCD_BRAVE_NEW_THING: "12ms",
        ETCD_BRAVE_NEW_WORD: "hunter2",
        // Kubernetes, for services named etcd and etcd-client; images; packages.
        ETCD_PORT_2379_TCP_ADDR: "10.0.0.1",
        ETCD_CLIENT_SERVICE_PORT: "2379",
        ETCD_CLIENT_PORT: "tcp://10.0.0.1:2379",
        ETCD_VER: "v3.6.4",
        ETCD_UNSUPPORTED_ARCH: "arm64",
      }),
    ).toEqual({
      "max-learners": "2",
      "feature-gates": "InitialCorruptCheck=true",
      "watch-progress-notify-interval": "5s",
      "corrupt-check-time": "4h",
      "brave-new-thing": "12ms",
      "brave-new-word": "[redacted]",
    });
  });

  it("flattens a configuration file's TLS sections into the flags' names", () => {
    expect(
      flattenConfigFile({
        name: "m1",
        "heartbeat-interval": 150,
        "client-transport-security": { "cert-file": "/c.crt", "client-cert-auth": true },
        "peer-transport-security": { "cert-file": "/p.crt", "trusted-ca-file": "/ca.crt" },
        "log-outputs": ["stderr", "default"],
        "initial-cluster": null,
      }),
    ).toEqual({
      name: "m1",
      "heartbeat-interval": "150",
      "cert-file": "/c.crt",
      "client-cert-auth": "true",
      "peer-cert-file": "/p.crt",
      "peer-trusted-ca-file": "/ca.crt",
      "log-outputs": "stderr,default",
      "initial-cluster": "null",
    });
    expect(flattenConfigFile("text")).toEqual({});
    expect(flattenConfigFile(null)).toEqual({});
  });
});
