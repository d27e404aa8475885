/** Promises of every runbook at once, over clusters in every state and with every kind of name. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODE_NAMES } from "../../../collector/diagnosis/code-names.ts";
import { RULES } from "../../../collector/diagnosis/registry.ts";
import { othersKeepQuorum } from "../../../collector/runbook/conditions.ts";
import { BOOKS, findBook, normalizeCode, RUNBOOK_CODES } from "../../../collector/runbook/registry.ts";
import { renderRunbook } from "../../../collector/runbook/render-runbook.ts";
import { createSite } from "../../../collector/runbook/site.ts";
import type { Runbook } from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";
import { evaluateExample, exampleMember, THREE, type ExampleMember } from "./example-cluster.ts";

const KINDS = [
  "/system.slice/etcd.service",
  "/kubepods.slice/kubepods-pod1.slice",
  `/docker/${"ab".repeat(32)}`,
  "/user.slice",
  "",
];

/** Clusters that a runbook may be asked for: well, one out, two out, all out, unseen, alone, of every age. */
const CLUSTERS: readonly (readonly ExampleMember[])[] = [
  THREE,
  ...[[2], [0], [1, 2], [0, 1, 2]].map((out) =>
    THREE.map((member, index) => ({ ...member, isUp: !out.includes(index) })),
  ),
  THREE.map((member, index) => ({ ...member, hasAgent: index === 0 })),
  [exampleMember("m1")],
  [],
  ...["3.4.23", "3.4.35", "3.5.9", "3.5.30", "3.6.4", ""].map((version) =>
    THREE.map((member) => ({ ...member, version })),
  ),
  ...KINDS.map((cgroup) => THREE.map((member) => ({ ...member, cgroup, isUp: member.name !== "m2" }))),
  THREE.map((member) => ({
    ...member,
    walDir: "/wal/etcd",
    clientUrl: member.clientUrl.replace("https", "http"),
  })),
];

function renderAll(members: readonly ExampleMember[], cluster?: string): readonly Runbook[] {
  const { cluster: judged, problems } = evaluateExample(members, cluster);
  expect(problems).toEqual([]);
  const asked = [undefined, ...judged.members.map(({ name }) => name)];
  return RUNBOOK_CODES.flatMap((code) =>
    asked.map((member) => {
      const runbook = renderRunbook(judged, { code, member });
      expect(runbook, code).toBeDefined();
      return runbook!;
    }),
  );
}

/** Rendered once for all tests that read every runbook of every cluster. */
const rendered = new Map<readonly ExampleMember[], readonly Runbook[]>();

function renderOnce(members: readonly ExampleMember[]): readonly Runbook[] {
  const runbooks = rendered.get(members) ?? renderAll(members);
  rendered.set(members, runbooks);
  return runbooks;
}

function textsOf(runbook: Runbook): readonly Text[] {
  return [
    runbook.name,
    runbook.summary,
    ...runbook.doNot,
    ...runbook.blanks.map(({ text }) => text),
    ...runbook.steps.flatMap(({ title, detail, precondition, verify, undo }) => [
      title,
      detail,
      ...(precondition === null ? [] : [precondition.text, precondition.because]),
      ...(verify === null ? [] : [verify]),
      ...(undo === null ? [] : [undo]),
    ]),
  ];
}

describe("collector/runbook", () => {
  it("has a runbook for every code of the catalogue and every rule", () => {
    const missing = [...Object.keys(CODE_NAMES), ...RULES.map(({ code }) => code)].filter(
      (code) => findBook(code) === undefined,
    );
    expect(missing).toEqual([]);
    for (const { runbook } of RULES) {
      expect(findBook(normalizeCode(runbook ?? "none")), runbook ?? "none").toBeDefined();
    }
  });

  it("gives each code to one runbook", () => {
    const codes = BOOKS.flatMap((book) => book.codes);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    expect(new Set(BOOKS.map(({ name }) => name)).size).toBe(BOOKS.length);
  });

  it("begins with a look, says how to see that it worked, and never destroys before there is a copy", () => {
    for (const members of CLUSTERS) {
      const { cluster } = evaluateExample(members);
      for (const book of BOOKS) {
        for (const code of book.codes) {
          const steps = book.steps(createSite(cluster, { code, member: undefined }));
          const where = `${code}, ${members.length} members`;
          expect(steps[0]?.risk, where).toBe("read-only");
          let hasCopy = false;
          for (const step of steps) {
            const at = `${where}: ${step.title.en}`;
            hasCopy ||= step.isBackup === true;
            if (step.risk === "destructive") {
              expect(hasCopy, `a backup before ${at}`).toBe(true);
            }
            if (step.risk === "destructive" || step.risk === "disruptive") {
              expect(step.condition, `precondition of ${at}`).toBeDefined();
            }
            if (step.risk !== "read-only") {
              expect(step.verify, `verify of ${at}`).toBeDefined();
              expect(step.undo, `undo of ${at}`).toBeDefined();
            }
          }
        }
      }
    }
  });

  it("calls what removes, compacts or restores destructive, and what stops or defragments at least disruptive", () => {
    const destructive = /\b(member remove|compact|snapshot restore|rm)\b/;
    const disruptive = /\b(systemctl (stop|restart) (?!etcdscope)|defrag|alarm disarm|move-leader)\b/;
    for (const members of CLUSTERS) {
      for (const { code, steps } of renderOnce(members)) {
        for (const { command, risk, title } of steps) {
          const isIntoNowhere = command?.includes("mktemp") === true;
          if (command !== null && destructive.test(command) && !isIntoNowhere) {
            expect(risk, `${code}: ${title.en}`).toBe("destructive");
          }
          if (command !== null && disruptive.test(command)) {
            expect(["disruptive", "destructive"], `${code}: ${title.en}`).toContain(risk);
          }
        }
      }
    }
  });

  it("never says what etcd's users have been hurt by", () => {
    for (const members of CLUSTERS) {
      for (const { code, steps } of renderOnce(members)) {
        const commands = steps.map(({ command }) => command ?? "").join("\n");
        expect(commands, code).not.toMatch(
          /force-new-cluster|defrag --cluster|rm -rf|chmod 777|kill -9|-k .*2379/,
        );
        const disarm = steps.findIndex(({ command }) => command?.includes("alarm disarm"));
        const lastDefrag = steps.findLastIndex(({ command }) => command?.includes("defrag"));
        expect(disarm === -1 || disarm > lastDefrag, `${code}: disarm last`).toBe(true);
      }
    }
  });

  it("speaks both languages, without a hole", { timeout: 60_000 }, () => {
    for (const members of CLUSTERS) {
      for (const runbook of renderOnce(members)) {
        const bad = textsOf(runbook).filter(
          ({ en, zh }) =>
            en.trim() === "" || zh.trim() === "" || /undefined|\[object|NaN|[.。]$/m.test(`${en}\n${zh}`),
        );
        expect(bad, runbook.code).toEqual([]);
        expect(runbook.summary.zh, runbook.code).toMatch(/\p{Script=Han}/u);
      }
    }
  });

  it("names this cluster's own endpoints, files and version", () => {
    const members = THREE.map((member) => ({ ...member, isUp: member.name !== "m3" }));
    const { cluster } = evaluateExample(members);
    const restore = renderRunbook(cluster, { code: "restore", member: "m3" });
    const all = restore?.steps.map(({ command }) => command ?? "").join("\n") ?? "";
    expect(all).toContain("etcdutl snapshot restore");
    expect(all).toContain("--initial-advertise-peer-urls=https://10.0.0.3:2380");
    expect(all).toContain("--bump-revision=1000000000 --mark-compacted");
    expect(all).toContain("systemctl stop etcd.service");
    const old = renderRunbook(
      evaluateExample(members.map((one) => ({ ...one, version: "3.4.23" }))).cluster,
      {
        code: "RESTORE",
        member: undefined,
      },
    );
    const oldCommands = old?.steps.map(({ command }) => command ?? "").join("\n") ?? "";
    expect(oldCommands).toContain("etcdctl snapshot restore");
    expect(oldCommands).not.toContain("--bump-revision");
  });

  it("names directories and certificates of a container by where the host has them", () => {
    const hostPaths = {
      "/etcd-data": "/srv/etcd",
      "/certs/server.crt": "/etc/pki/server.crt",
      "/certs/server.key": "/etc/pki/server.key",
      "/certs/ca.crt": "/etc/pki/ca.crt",
      "/certs/peer.crt": "/etc/pki/peer.crt",
      "/certs/peer.key": "/etc/pki/peer.key",
    };
    const change = { dataDir: "/etcd-data", pki: "/certs", hostPaths, cgroup: `/docker/${"ab".repeat(32)}` };
    const commands = renderAll(THREE.map((member) => ({ ...member, ...change }))).flatMap(({ steps }) =>
      steps.flatMap(({ command }) => command ?? []),
    );
    expect(commands.join("\n")).toContain("/srv/etcd");
    expect(commands.filter((command) => /\/etcd-data|\/certs\//.test(command))).toEqual([]);
    expect(commands.filter((command) => command.includes("docker start abababababab"))).not.toEqual([]);
  });

  it("refuses what would lose the quorum now, naming who is out", () => {
    const members = THREE.map((member) => ({ ...member, isUp: member.name !== "m3" }));
    const { cluster } = evaluateExample(members);
    const hung = renderRunbook(cluster, { code: "MEMBER_HUNG", member: "m2" });
    const restart = hung?.steps.find(({ risk }) => risk === "disruptive");
    expect(restart?.precondition).toMatchObject({
      state: "refused",
      because: { en: "m3 is not serving", zh: "m3 未正常服务" },
    });
    const well = renderRunbook(evaluateExample(THREE).cluster, { code: "MEMBER_HUNG", member: "m2" });
    expect(well?.steps.find(({ risk }) => risk === "disruptive")?.precondition?.state).toBe("met");
    const unseen = THREE.map((member, index) => ({ ...member, hasAgent: index === 0, isUp: true }));
    const dark = renderRunbook(evaluateExample(unseen).cluster, { code: "START_WAL_CORRUPT", member: "m3" });
    const aside = dark?.steps.find(({ title }) => title.en.includes("aside"));
    expect(aside?.precondition?.state).toBe("unknown");
  });

  it("never lets a voter go when those that serve would be too few without it", () => {
    const flags = fc.array(fc.record({ isUp: fc.boolean(), hasAgent: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(flags, (given) => {
        const { cluster } = evaluateExample(given.map((one, index) => exampleMember(`m${index + 1}`, one)));
        const site = createSite(cluster, { code: "MEMBER_HUNG", member: undefined });
        for (const member of site.members) {
          const { state } = othersKeepQuorum(site, member);
          const left = cluster.members.filter(
            (one) => one.isVoter && one.name !== member.name && one.state === "serving",
          );
          if (state === "met") {
            expect(left.length).toBeGreaterThanOrEqual(cluster.quorum.needed);
          } else {
            expect(left.length).toBeLessThan(cluster.quorum.needed);
          }
        }
      }),
    );
  });

  it("lets one of a leaderless majority be restarted, as an election needs no more than who is up", () => {
    const { cluster } = evaluateExample(THREE);
    const leaderless = {
      ...cluster,
      verdict: "no-leader" as const,
      leader: undefined,
      members: cluster.members.map((one) => ({
        ...one,
        state: "no-quorum" as const,
        role: "unknown" as const,
      })),
    };
    const runbook = renderRunbook(leaderless, { code: "NO_LEADER", member: "m2" });
    expect(runbook?.steps.find(({ risk }) => risk === "disruptive")?.precondition).toMatchObject({
      state: "met",
      because: { en: "m1, m3 are up, 2 are needed" },
    });
    const oneOut = leaderless.members.map((one) =>
      one.name === "m3" ? { ...one, state: "down" as const } : one,
    );
    const short = renderRunbook({ ...leaderless, members: oneOut }, { code: "NO_LEADER", member: "m2" });
    expect(short?.steps.find(({ risk }) => risk === "disruptive")?.precondition?.state).toBe("refused");
  });

  it("defragments the leader last", () => {
    const runbook = renderRunbook(evaluateExample(THREE).cluster, {
      code: "DB_FRAGMENTED",
      member: undefined,
    });
    const turns = runbook?.steps.filter(({ command }) => command?.includes("defrag")) ?? [];
    expect(turns.map(({ title }) => title.en)).toEqual([
      "Defragment m2",
      "Defragment m3",
      "Defragment m1, the leader, last",
    ]);
  });

  it("makes commands that a real shell reads without a fault", () => {
    for (const members of CLUSTERS) {
      const runbooks = renderOnce(members);
      const script = runbooks.flatMap(({ steps }) => steps.map(({ command }) => command ?? ":")).join("\n");
      const read = spawnSync("/bin/sh", ["-n"], { input: script, encoding: "utf8" });
      expect(read.stderr).toBe("");
    }
  });
});

/** Every program that a runbook names, as a function that only tells what it was given. */
const PROGRAMS = (
  "etcdctl etcdutl systemctl journalctl crictl docker podman mv cp chown chmod du df ls find grep curl openssl sha256sum dmesg ps ss " +
  "lsof sort tail head uniq awk vmstat top iostat pidstat findmnt ionice pgrep iptables_save nft ip ping getent cat " +
  "timedatectl chronyc kubeadm etcdscope kill mktemp time test etcd_program"
).split(" ");
const STUBS = PROGRAMS.map((name) => `${name}() { printf '%s\\0' "$@" >&3; }`).join("\n");
/** A function of POSIX has no hyphen in its name; and nothing that waits may wait for ever. */
const RENAMED = (command: string): string =>
  command.replaceAll("iptables-save", "iptables_save").replaceAll("/nonexistent/etcd", "etcd_program");
const SLEEP = "sleep() { exit; }";

/** Runs each command in a shell that has nothing but the stubs; what their arguments were, and what went wrong. */
function runStubbed(runbooks: readonly Runbook[]): {
  readonly words: ReadonlySet<string>;
  readonly error: string;
} {
  const commands = runbooks.flatMap(({ blanks, steps }) => {
    const filled = blanks.map(({ name }) => `${name}=filled`).join("\n");
    return steps.flatMap(({ command }) =>
      command === null ? [] : [`(\n${filled}\n${RENAMED(command)}\n) 3>&1 >/dev/null </dev/null`],
    );
  });
  const distinct = [...new Set(commands)];
  const script = `PATH=/nonexistent\nCANARY() { echo "the canary sang" >&2; }\n${STUBS}\n${SLEEP}\n${distinct.join("\n")}\n`;
  const done = spawnSync("/bin/sh", [], {
    input: script,
    encoding: "utf8",
    env: {},
    maxBuffer: 64 * 2 ** 20,
    timeout: 60_000,
  });
  return { words: new Set(done.stdout.split("\0")), error: done.stderr };
}

describe("collector/runbook, with hostile names", () => {
  const hostile = fc.oneof(
    fc.constantFrom(
      "$(CANARY)",
      "`CANARY`",
      "'; CANARY; '",
      '"; CANARY; "',
      "a b",
      "-rf",
      "*",
      "~",
      "#x",
      "$HOME",
      "&& CANARY",
      "| CANARY",
      "\\",
      "x\nCANARY",
      "{a,b}",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(..."'\"\\$`;&|<>()*?#! -".split("")), minLength: 1, maxLength: 12 }),
  );

  it("never lets a string of the cluster be more than one word", () => {
    const example = fc.record({
      names: fc.uniqueArray(hostile, { minLength: 3, maxLength: 3 }),
      path: hostile,
      url: hostile,
      cgroup: fc.constantFrom(...KINDS, "/system.slice/etcd-$(CANARY).service", "/x/-etcd.service"),
    });
    fc.assert(
      fc.property(example, ({ names, path, url, cgroup }) => {
        const members = names.map((name, index) =>
          exampleMember(name, {
            clientUrl: `https://${url}:2379`,
            peerUrl: `https://${url}:2380`,
            dataDir: `/srv/${path}`,
            walDir: `/wal/${path}`,
            pki: `/pki/${path}`,
            cgroup,
            isUp: index !== 1,
          }),
        );
        const { words, error } = runStubbed(renderAll(members, "prod-a"));
        expect(error).toBe("");
        if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(path + url) && !path.split("/").includes("..")) {
          expect(words).toContain(`/srv/${path}.aside`);
          expect(words).toContain(`--endpoints=https://${url}:2379`);
        }
      }),
      { numRuns: 4 },
    );
  }, 240_000);

  it("is not run by anything of the product: no child process is started there", () => {
    const room = join(import.meta.dirname, "../../../collector/runbook");
    for (const file of ["shell.ts", "commands.ts", "render-runbook.ts"]) {
      expect(readFileSync(join(room, file), "utf8")).not.toMatch(/child_process|execFile|spawn/);
    }
  });
});
