/** Holds the code to the rules of ARCHITECTURE.md: which room may import which, and where each outside door is opened. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ETCDSCOPE_VERSION } from "../shared/version.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const ROOMS = ["shared", "agent", "collector", "cli"] as const;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Project files as paths from the root, packages by their name. */
  readonly imports: readonly string[];
}

const FILES = ROOMS.flatMap((room) => globSync(`${room}/**/*.{ts,tsx}`, { cwd: ROOT }))
  .filter((path) => !path.startsWith("shared/gen/"))
  .sort()
  .map(readSource);

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), "utf8");
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"\s]+)"/g)].map((match) => match[1] ?? "");
  const imports = found.map((name) =>
    name.startsWith(".") ? relative(ROOT, join(ROOT, dirname(path), name)) : name,
  );
  return { path, text, imports };
}

/** Files that break a rule, as "file → import". */
function offenders(applies: (path: string) => boolean, forbidden: (name: string) => boolean): string[] {
  return FILES.filter((file) => applies(file.path)).flatMap((file) =>
    file.imports.filter(forbidden).map((name) => `${file.path} → ${name}`),
  );
}

function within(...rooms: readonly string[]): (path: string) => boolean {
  return (path) => rooms.some((room) => path === room || path.startsWith(`${room}/`));
}

/** Files, outside of the doors, that contain the pattern. */
function users(pattern: RegExp, doors: (path: string) => boolean): string[] {
  return FILES.filter((file) => !doors(file.path) && pattern.test(file.text)).map((file) => file.path);
}

describe("test/architecture", () => {
  it("reads every room", () => {
    for (const room of ROOMS) {
      expect(FILES.filter((file) => file.path.startsWith(`${room}/`)).length, room).toBeGreaterThan(3);
    }
  });

  describe("import rule", () => {
    // room → rooms that it must not import; arrows point only backwards along the pipeline
    const rules: readonly (readonly [string, readonly string[]])[] = [
      ["shared", ["agent", "collector", "cli"]],
      ["agent", ["collector", "cli"]],
      ["collector", ["agent", "cli"]],
      ["agent/host", ["agent/etcd", "agent/probe", "agent/frame", "agent/spool", "agent/stream"]],
      ["agent/discovery", ["agent/probe", "agent/frame", "agent/spool", "agent/stream"]],
      ["agent/etcd", ["agent/probe", "agent/frame", "agent/spool", "agent/stream"]],
      ["agent/probe", ["agent/spool", "agent/stream"]],
      ["agent/frame", ["agent/spool", "agent/stream", "agent/host", "agent/etcd"]],
      ["agent/spool", ["agent/probe", "agent/host", "agent/etcd", "agent/discovery", "agent/frame"]],
      ["agent/stream", ["agent/probe", "agent/host", "agent/etcd", "agent/discovery", "agent/frame"]],
      ["collector/ingest", ["collector/view", "collector/diagnosis", "collector/api", "collector/enrol"]],
      ["collector/enrol", ["collector/ingest", "collector/view", "collector/diagnosis", "collector/api"]],
      ["collector/history", ["collector/ingest", "collector/view", "collector/diagnosis", "collector/api"]],
      ["collector/view", ["collector/ingest", "collector/history", "collector/api"]],
      [
        "collector/diagnosis",
        ["collector/ingest", "collector/history", "collector/api", "collector/runbook"],
      ],
      ["collector/runbook", ["collector/ingest", "collector/history", "collector/api"]],
      ["collector/capture", ["collector/ingest", "collector/history", "collector/api"]],
      ["collector/incident", ["collector/ingest", "collector/history", "collector/api"]],
      [
        "collector/output",
        ["collector/ingest", "collector/history", "collector/api", "collector/diagnosis", "collector/view"],
      ],
      ["collector/api", ["collector/console"]],
    ];
    for (const [room, forbidden] of rules) {
      it(`${room} does not import ${forbidden.join(", ")}`, () => {
        expect(offenders(within(room), within(...forbidden))).toEqual([]);
      });
    }

    it("the console runs in a browser: it sees shared/ and its own files only", () => {
      const allowed = within("collector/console", "shared");
      const packages = /^(preact|@preact\/signals|uplot)(\/|$)/;
      expect(
        offenders(within("collector/console"), (name) => !allowed(name) && !packages.test(name)),
      ).toEqual([]);
    });

    it("rules see the view and nothing else", () => {
      const allowed = within("collector/diagnosis", "collector/view", "shared");
      expect(offenders(within("collector/diagnosis/rules"), (name) => !allowed(name))).toEqual([]);
      const shared = within(
        "shared/text.ts",
        "shared/rest.ts",
        "shared/member-id.ts",
        "shared/series-key.ts",
      );
      expect(
        offenders(
          within("collector/diagnosis/rules"),
          (name) => name.startsWith("shared/") && !shared(name) && !name.startsWith("shared/gen/"),
        ),
      ).toEqual([]);
    });
  });

  describe("single doors", () => {
    it("SQLite is opened in the history only", () => {
      expect(
        offenders(
          (path) => !within("collector/history")(path),
          (name) => name === "better-sqlite3",
        ),
      ).toEqual([]);
    });

    it("grpc-js is used in its adapter and the ingest only", () => {
      const doors = within("shared/grpc.ts", "collector/ingest");
      expect(
        offenders(
          (path) => !doors(path),
          (name) => name.startsWith("@grpc/"),
        ),
      ).toEqual([]);
    });

    it("etcd's packages and its HTTP ports are used in agent/etcd only", () => {
      const doors = within("agent/etcd");
      expect(
        offenders(
          (path) => !doors(path),
          (name) => name === "etcd3",
        ),
      ).toEqual([]);
      expect(
        offenders(
          (path) => within("agent")(path) && !doors(path),
          (name) =>
            name === "node:https" || name === "node:http" || name === "node:tls" || name === "node:net",
        ),
      ).toEqual([]);
    });

    it("the machine's files are read by the agent in agent/host and agent/discovery only", () => {
      const doors = within(
        "agent/host",
        "agent/etcd/credentials.ts",
        "agent/config-file.ts",
        "agent/stream/connection.ts",
        "agent/stream/renewal.ts",
        "agent/spool/spool-files.ts",
        "agent/line-log.ts",
      );
      expect(
        offenders(
          (path) => within("agent")(path) && !doors(path),
          (name) => name === "node:fs" || name === "node:fs/promises",
        ),
      ).toEqual([]);
    });

    it("time is read in shared/clock.ts only, and in a browser by one file", () => {
      const doors = within("shared/clock.ts", "collector/console/data/browser-clock.ts");
      expect(users(/Date\.now\(|performance\.now\(|hrtime|new Date\(\)/, doors)).toEqual([]);
    });

    it("the console asks the collector in its data room only, and makes no markup of text", () => {
      const inConsole = (path: string): boolean => !within("collector/console")(path);
      const asking = users(/\bfetch\(|EventSource|XMLHttpRequest/, within("collector/console/data"));
      expect(asking.filter((path) => !inConsole(path))).toEqual([]);
      const markup = users(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/i, inConsole);
      expect(markup).toEqual([]);
    });

    it("the environment is read in the entry files only", () => {
      expect(users(/process\.env/, within("cli", "agent/main.ts", "collector/main.ts"))).toEqual([]);
    });

    it("what the agent loads when it needs it is compiled before it starts", () => {
      const late = FILES.filter(({ path }) => within("agent")(path)).flatMap(({ path, text }) =>
        [...text.matchAll(/import\("(\.[^"]+)"\)/g)].map((match) => join(dirname(path), match[1] ?? "")),
      );
      const compiled = FILES.find(({ path }) => path === "cli/run-service.ts")?.imports ?? [];
      expect(late.filter((name) => !compiled.includes(name))).toEqual([]);
    });

    it("child processes are started only for journals, for how a unit ended, for the packet filter, for socket diagnostics and to speak to systemd", () => {
      const doors = within(
        "agent/host/journal-reader.ts",
        "agent/host/read-unit-end.ts",
        "agent/host/read-firewall.ts",
        "agent/host/read-socket-diagnostics.ts",
        "cli/bundle/read-journal.ts",
        "shared/service-manager.ts",
      );
      expect(
        offenders(
          (path) => !doors(path),
          (name) => name === "node:child_process",
        ),
      ).toEqual([]);
    });
  });

  describe("shape", () => {
    it("no file is longer than 400 lines", () => {
      const long = [...FILES, ...globSync("{test,scripts}/**/*.ts", { cwd: ROOT }).map(readSource)];
      expect(long.filter((file) => file.text.split("\n").length > 400).map((file) => file.path)).toEqual([]);
    });

    it("no file is a junk drawer", () => {
      expect(
        FILES.filter((file) => /(^|\/)(utils?|helpers?|common|misc)\.ts$/.test(file.path)).map(
          (file) => file.path,
        ),
      ).toEqual([]);
    });

    it("every product file begins with a comment that says why it stands apart", () => {
      expect(FILES.filter((file) => !file.text.startsWith("/**")).map((file) => file.path)).toEqual([]);
    });

    it("the version is package.json's", () => {
      const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
      expect(ETCDSCOPE_VERSION).toBe(manifest.version);
    });

    it("every path that ARCHITECTURE.md and CONTRIBUTING.md name is there", () => {
      for (const page of ["ARCHITECTURE.md", "CONTRIBUTING.md"]) {
        const text = readFileSync(join(ROOT, page), "utf8");
        const named = [...text.matchAll(/`((?:[a-z-]+\/)+[\w.-]*|[\w-]+\/)`/g)].map(
          (match) => match[1] ?? "",
        );
        expect(named.length).toBeGreaterThan(5);
        expect(
          named.filter((path) => path !== ".cache/" && !existsSync(join(ROOT, path)) && !isInRoom(path)),
          page,
        ).toEqual([]);
      }
    });
  });
});

/** Pages name files of a room by their place in it ("rules/", "scenario/"). */
function isInRoom(path: string): boolean {
  return [
    "test",
    "collector",
    "collector/console",
    "collector/diagnosis",
    "agent",
    "shared",
    "agent/probe",
  ].some((room) => existsSync(join(ROOT, room, path)));
}
