/**
 * `etcdscope diagnose`, without a configuration, on a node whose etcd was started by `docker run` and is dead: Docker's own files tell how it
 * ended, what it said, and what it would start with. Each end is real. Needs root (namespaces, cgroups).
 */
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../shared/rest.ts";
import { ensureDocker, startDockerNode, type DockerNode } from "../lab/container/docker-node.ts";
import { startEngineNode, type EngineNode } from "../lab/container/engine-node.ts";
import { findWhyNoJournald, startJournald } from "../lab/container/journald.ts";
import type { Unavailable } from "../lab/availability.ts";
import { ETCDSCOPE } from "../lab/etcdscope-command.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { runCommand } from "../lab/run-command.ts";
import { waitFor } from "../lab/wait-for.ts";

const STORY_LIMIT_MS = 120_000;
const ENDS_WITHIN_MS = 20_000;
const NOBODY = 65534;

interface Docker extends EngineNode<DockerNode> {
  readonly ports: readonly number[];
}

describe("test/integration/docker", () => {
  let on: Docker | undefined;
  let because = "";
  beforeAll(async () => {
    const started = await startEngineNode({ ensure: ensureDocker, start: startDockerNode });
    if (started.kind === "available") {
      on = { ...started, ports: await findFreePorts(2) };
    } else {
      because = started.because;
    }
  }, STORY_LIMIT_MS);
  afterAll(async () => await on?.stop(), STORY_LIMIT_MS);

  function tell(
    name: string,
    story: (docker: Docker) => Promise<void>,
    findWhyNot: () => Unavailable | undefined = () => undefined,
  ): void {
    it(name, { timeout: STORY_LIMIT_MS }, async (context) => {
      const why = findWhyNot();
      if (on === undefined || why !== undefined) {
        context.skip(why?.because ?? because);
        return;
      }
      await story(on);
    });
  }

  /** As the documentation of etcd has it: its data is a directory of the host, of another name in the container. */
  async function runEtcd(
    { node, ports: [client = 0, peer = 0] }: Docker,
    {
      options = [],
      flags = [],
    }: { readonly options?: readonly string[]; readonly flags?: readonly string[] },
  ): Promise<string> {
    mkdirSync(node.at("/var/lib/etcd"), { recursive: true, mode: 0o700 });
    return await node.run(
      ["-v", "/var/lib/etcd:/etcd-data", ...options],
      [
        "/usr/local/bin/etcd",
        "--name=s1",
        "--data-dir=/etcd-data",
        `--listen-client-urls=http://127.0.0.1:${client}`,
        `--advertise-client-urls=http://127.0.0.1:${client}`,
        `--listen-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
        `--initial-cluster=s1=http://127.0.0.1:${peer}`,
        ...flags,
      ],
    );
  }

  async function waitForEnd({ node }: Docker, id: string): Promise<void> {
    const isDead = async (): Promise<boolean> =>
      (await node.docker("inspect", "--format", "{{.State.Status}}", id)).trim() === "exited";
    await waitFor("the container has ended", isDead, { timeoutMs: ENDS_WITHIN_MS });
  }

  async function waitForService({ node }: Docker, id: string): Promise<void> {
    const path = node.at(`/var/lib/docker/containers/${id}/${id}-json.log`);
    await waitFor("etcd serves", () => readFileSync(path, "utf8").includes("ready to serve"), {
      timeoutMs: ENDS_WITHIN_MS,
    });
  }

  async function diagnose({ node }: Docker): Promise<{ readonly said: Diagnosis; readonly text: string }> {
    const [json, text] = await Promise.all(
      ["--json", "--lang=en"].map(async (how) => await runCommand(node.wrap([ETCDSCOPE, "diagnose", how]))),
    );
    expect([json?.stderr, text?.stderr]).toEqual(["", ""]);
    return {
      said: JSON.parse(json?.stdout ?? "") as Diagnosis,
      text: (text?.stdout ?? "").replaceAll(/\s+/g, " "),
    };
  }

  function evidenceOf({ layers }: Diagnosis, code: string): readonly string[] {
    return layers.flatMap(({ checks }) =>
      checks
        .filter((check) => check.code === code && check.state === "bad")
        .flatMap(({ subjects }) =>
          subjects.flatMap(({ evidence }) => evidence.map(({ source, text }) => `${source}: ${text.en}`)),
        ),
    );
  }

  tell("names the flag that it does not know, from its log, and its exit code", async (docker) => {
    const id = await runEtcd(docker, {
      options: ["--restart", "on-failure:1"],
      flags: ["--no-such-flag=1"],
    });
    await waitForEnd(docker, id);
    const { said, text } = await diagnose(docker);
    expect(said.next).toMatchObject({
      code: "START_CONFIG_INVALID",
      command: `tail -n 80 /var/lib/docker/containers/${id}/${id}-json.log`,
    });
    expect(evidenceOf(said, "START_CONFIG_INVALID").join()).toContain("no-such-flag");
    expect(evidenceOf(said, "ETCD_NOT_FOUND")).toContain(
      `docker: container ${id.slice(0, 12)} exited with code 2, after 1 restart`,
    );
    expect(text).toContain(
      `what it would start with is from /var/lib/docker/containers/${id}/config.v2.json`,
    );
  });

  tell(
    "finds what it said in the journal, and says which other driver keeps it where it cannot be read",
    async (docker) => {
      const journald = await startJournald(docker.node, docker.dir);
      try {
        const flags = ["--no-such-flag=2"];
        const id = await runEtcd(docker, { options: ["--log-driver", "journald"], flags });
        await waitForEnd(docker, id);
        const { said } = await diagnose(docker);
        expect(evidenceOf(said, "START_CONFIG_INVALID").join()).toContain("no-such-flag");
        expect(said.next).toMatchObject({
          code: "START_CONFIG_INVALID",
          command: `docker logs --tail 80 ${id.slice(0, 12)}`,
        });
        await waitForEnd(docker, await runEtcd(docker, { options: ["--log-driver", "local"], flags }));
        const { text } = await diagnose(docker);
        expect(text).toMatch(/Docker keeps the log of container [0-9a-f]{12} with its driver "local"/);
      } finally {
        await journald.stop("SIGTERM");
      }
    },
    findWhyNoJournald,
  );

  tell("tells the signal that ended it, not that another container printed a version", async (docker) => {
    const id = await runEtcd(docker, {});
    await waitForService(docker, id);
    await docker.node.docker("kill", id);
    await waitForEnd(docker, id);
    await waitForEnd(docker, await docker.node.run([], ["etcd", "--version"]));
    const { said } = await diagnose(docker);
    expect(evidenceOf(said, "MEMBER_DOWN")).toContain(
      `docker: container ${id.slice(0, 12)} was ended by SIGKILL`,
    );
    // It could start: nothing is in its way.
    expect(said.next?.code).toBe("ETCD_NOT_FOUND");
  });

  tell("finds a directory and a certificate by where the host has them", async (docker) => {
    const { node, ports } = docker;
    chmodSync(node.at("/var/lib/etcd"), 0o700);
    mkdirSync(node.at("/etc/pki"), { recursive: true });
    const id = await runEtcd(docker, {
      options: ["-v", "/etc/pki:/certs:ro", "--user", `${NOBODY}:${NOBODY}`],
      flags: [
        `--listen-client-urls=https://127.0.0.1:${ports[0] ?? 0}`,
        "--cert-file=/certs/server.crt",
        "--key-file=/certs/server.key",
      ],
    });
    await waitForEnd(docker, id);
    const { said } = await diagnose(docker);
    expect(evidenceOf(said, "START_DATA_DIR_PERMISSION").join()).toMatch(
      /belongs to 0:0 with mode 0700, etcd runs as 65534/,
    );
    expect(evidenceOf(said, "START_CERT_UNREADABLE").join()).toContain("server.crt does not exist");
  });

  tell("finds the disk of the host full that its data directory is on", async (docker) => {
    const { node } = docker;
    mkdirSync(node.at("/var/lib/small"));
    const script = "mount -t tmpfs -o size=16m none /var/lib/small && cp /dev/zero /var/lib/small/full";
    await runCommand(node.wrap(["sh", "-c", script]));
    const id = await runEtcd(docker, {
      options: ["-v", "/var/lib/small:/wal"],
      flags: ["--wal-dir=/wal/s1"],
    });
    await waitForEnd(docker, id);
    const { said } = await diagnose(docker);
    expect(evidenceOf(said, "DISK_FULL").join()).toMatch(/ has 0 B of .* free/);
    expect(said.next?.code).toBe("DISK_FULL");
  });

  tell("says that nobody saw its end after a loss of power, also when Docker is back", async (docker) => {
    const { node } = docker;
    const id = await runEtcd(docker, {});
    await waitForService(docker, id);
    await node.crash();
    const away = await diagnose(docker);
    expect(evidenceOf(away.said, "MEMBER_DOWN")).toContain(
      "container runtime: how it ended is not known: no runtime keeps a record of its container's end",
    );
    await node.restart();
    await waitForEnd(docker, id);
    const back = await diagnose(docker);
    expect(evidenceOf(back.said, "MEMBER_DOWN").join()).toContain("its container's runtime was not there");
    expect(back.text).not.toContain("exited with code");
  });
});
