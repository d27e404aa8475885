/** The commands of a scenario, one function each: what an author writes → how the world changes. */
import { Layer, Port } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { seriesKey } from "../../shared/series-key.ts";
import { NETWORK_COMMANDS } from "./network-commands.ts";
import { parseBytes } from "./parse-bytes.ts";
import { sayLog } from "./say-log.ts";
import { setBackups } from "./set-backups.ts";
import { failed, ok, setFact } from "./world.ts";
import type { World } from "./world.ts";

type Command = (world: World, args: readonly string[]) => void;

/** Everything but run and what prints, which belong to the runner. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ...NETWORK_COMMANDS,
  voters: (world, names) => names.forEach((name) => world.add(name, false)),
  learner: (world, names) => names.forEach((name) => world.add(name, true)),
  "no-agent": (world, names) => names.forEach((name) => (world.get(name).agent = undefined)),
  kill: (world, names) => names.forEach((name) => setProcess(world, name, "absent")),
  stop: (world, names) => names.forEach((name) => setProcess(world, name, "stopped")),
  cont: (world, names) => names.forEach((name) => setProcess(world, name, "running")),
  start: (world, names) =>
    names.forEach((name) => {
      [...world.statusFails.keys()]
        .filter((key) => key.endsWith(`>${name}`))
        .forEach((key) => world.statusFails.delete(key));
      setProcess(world, name, "running");
      world.get(name).startedAtMs = world.nowMs;
    }),
  unseen: (world, names) => names.forEach((name) => setProcess(world, name, "unseen")),
  forget: (world, names) => names.forEach((name) => (world.get(name).knows = "")),
  elect,
  claim: (world, [name = "", leader = "", term = "0"]) => {
    world.get(name).knows = leader;
    world.get(name).term = BigInt(term);
  },
  cut: (world, [what = "", port = "both", code = "timeout"]) => setBlocks(world, [what, port], code),
  heal: (world) => {
    world.blocked.clear();
    world.largeLost.clear();
  },
  unconnect: (world, links) => links.forEach((link) => world.unconnected.add(link)),
  connect: (world) => world.unconnected.clear(),
  silence: (world, names) => names.forEach((name) => (world.agent(name).isHeard = false)),
  speak: (world, names) => names.forEach((name) => (world.agent(name).isHeard = true)),
  "restart-agent": (world, names) => names.forEach((name) => world.restartAgent(name)),
  skew: (world, [name = "", ms = "0"]) => {
    world.agent(name).skewMs = Number(ms);
  },
  lose: (world, [name = "", frames = "none", seconds = "0", reason = ""]) => {
    const agent = world.agent(name);
    const toMs = world.nowMs + agent.skewMs;
    const fromMs = toMs - Number.parseFloat(seconds) * 1000;
    agent.loss = frames === "none" ? undefined : { frames: Number(frames), fromMs, toMs, reason };
  },
  waiting: (world, [name = "", frames = "0"]) => {
    world.agent(name).waiting = Number(frames);
  },
  read: (world, [name = "", kind = "", code = ""]) => {
    world.get(name).reads.set(kind, code === "ok" ? "" : code);
  },
  status: (world, [link = "", code = ""]) => {
    if (code === "ok") {
      world.statusFails.delete(link);
    } else {
      world.statusFails.set(link, code);
    }
  },
  unlist: (world, names) => names.forEach((name) => world.listed.delete(name)),
  foreign: (world, [name = ""]) => {
    world.get(name).clusterId = 0xeen;
    world.get(name).id = 0xffn;
  },
  disk: setDisk,
  fsync: (world, args) => setLatency(world, "etcd_disk_wal_fsync", args),
  commit: (world, args) => setLatency(world, "etcd_disk_backend_commit", args),
  probe: (world, [name = "", what = ""]) => {
    const agent = world.agent(name);
    agent.extraRuns.delete("fsync");
    agent.samples.delete("etcdscope_fsync_probe_seconds");
    if (what === "timeout") {
      agent.extraRuns.set("fsync", failed("fsync", "", "timeout"));
    } else if (what.endsWith("ms")) {
      agent.samples.set("etcdscope_fsync_probe_seconds", Number.parseFloat(what) / 1000);
    } else if (what !== "none") {
      agent.extraRuns.set("fsync", { ...failed("fsync", "", what), outcome: Outcome.SKIPPED });
    }
  },
  cert: setCertificate,
  readonly: (world, [name = "", role = "", option = ""]) => {
    const agent = world.agent(name);
    const before = agent.facts.get(`filesystem/${role}`)?.body;
    if (before?.case === "filesystem") {
      setFact(agent, `filesystem/${role}`, {
        case: "filesystem",
        value: { ...before.value, readOnly: !before.value.readOnly, readOnlyOption: option },
      });
    }
  },
  boot: (world, names) =>
    names.forEach((name) => {
      const agent = world.agent(name);
      const value = { bootedAtUnixMs: BigInt(world.nowMs + agent.skewMs), cpus: 2 };
      setFact(agent, "node", { case: "node", value });
    }),
  idle: (world, names) => names.forEach((name) => (world.get(name).idleSince = world.ticks)),
  busy: (world, names) => names.forEach((name) => (world.get(name).idleSince = undefined)),
  writers: setWriters,
  result: (world, [name = "", probe = "", code = ""]) => {
    const { extraRuns } = world.agent(name);
    extraRuns.set(probe, code === "ok" ? ok(probe, "") : failed(probe, "", code));
  },
  // version m1 3.6.4 storage=3.5.0 downgrade=3.5.0
  version: (world, [name = "", version = "", ...pairs]) => {
    const { storage = "", downgrade = "" } = Object.fromEntries(pairs.map((pair) => pair.split("=")));
    const member = world.get(name);
    member.version = version;
    member.since36 = {
      storageVersion: storage,
      downgradeEnabled: downgrade !== "",
      downgradeTarget: downgrade,
    };
  },
  lag: (world, [name = "", entries = "0"]) => {
    world.get(name).lag = Number(entries);
  },
  lists: (world, [name = "", ...listed]) => {
    world.get(name).ownList = listed.length === 0 ? undefined : new Set(listed);
  },
  sample: (world, [name = "", key = "", value = "", step = "0"]) => {
    const agent = world.agent(name);
    agent.growth.delete(key);
    if (value === "none") {
      agent.samples.delete(key);
      return;
    }
    agent.samples.set(key, Number(value));
    agent.growth.set(key, Number(step));
  },
  event: (world, [name = "", kind = "", ...pairs]) => {
    const { ago, ...attributes } = Object.fromEntries(pairs.map((pair) => pair.split("="))) as Readonly<
      Record<string, string>
    >;
    const at = ago === undefined ? {} : { atMs: world.nowMs - Number.parseFloat(ago) * 1000 };
    world.agent(name).events.push({ kind, attributes, ...at });
  },
  log: sayLog,
  "never-started": (world, names) =>
    names.forEach((name) => {
      world.get(name).agent = undefined;
      world.unstarted.add(name);
    }),
  look: (world, names) => names.forEach((name) => (world.agent(name).looksNow = true)),
  "would-start": setStart,
  "last-words": (world, [name = "", code = "", ago = "0s"]) => {
    const atUnixMs = BigInt(world.nowMs - Number.parseFloat(ago) * 1000);
    const words = [{ atUnixMs, code, said: code.toLowerCase() }];
    setFact(world.agent(name), "last_words", { case: "lastWords", value: { words } });
  },
  alarm: (world, [name = "", kind = ""]) => {
    const id = name === "nobody" ? 0n : world.get(name).id;
    const alarms = kind === "none" ? [] : [{ memberId: id, kind }];
    for (const { agent } of world.members.values()) {
      if (agent !== undefined) {
        setFact(agent, "alarms", { case: "alarms", value: { alarms } });
      }
    }
  },
  // hash m1 m1=7 m2=7 m3=9@40 m4=?timeout: m1's agent compared them; @ is how far one has compacted
  hash: (world, [name = "", ...told]) => {
    const members = told.map((one) => {
      const [member = "", said = ""] = one.split("=");
      const [hash = "", compacted = "10"] = said.split("@");
      const shared = { memberId: world.get(member).id, name: member, durationMs: 20 };
      return said.startsWith("?")
        ? { ...shared, problem: said.slice(1) }
        : { ...shared, hash: Number(hash), compactRevision: BigInt(compacted) };
    });
    const comparedAtUnixMs = BigInt(world.nowMs + world.agent(name).skewMs);
    setFact(world.agent(name), "hash_kv", {
      case: "hashKv",
      value: { round: 1n, comparedAtUnixMs, revision: 50n, members, looks: 1 },
    });
  },
  backups: setBackups,
  // clock m2 timesyncd failed: what keeps its clock right
  clock: (world, [name = "", service = "", state = ""]) => {
    const synchronized = state === "failed" ? Layer.FAILED : Layer.UNSPECIFIED;
    const value = { service: service === "none" ? "" : service, synchronized, source: "/proc" };
    setFact(world.agent(name), "clock", { case: "clock", value });
  },
  // places m1 wal=sda images=sda: which disk what lies on
  places: (world, [name = "", ...pairs]) => {
    const places = pairs.map((pair) => {
      const [role = "", disk = ""] = pair.split("=");
      return { role, path: `/var/lib/${role}`, mountPoint: "/", disk };
    });
    setFact(world.agent(name), "storage_places", { case: "storagePlaces", value: { places } });
  },
  // served m1>m2 client=7f30: the serial and fingerprint that m2 showed m1
  served: (world, [link = "", said = ""]) => {
    const [from = "", to = ""] = link.split(">");
    const [port = "", serial = ""] = said.split("=");
    setFact(world.agent(from), `served/${to}/${port}`, {
      case: "servedCertificate",
      value: {
        toName: to,
        port: port === "client" ? Port.CLIENT : Port.PEER,
        address: `${to}:2379`,
        subject: `CN=${to}`,
        serial,
        fingerprintSha256: serial,
        servedAtUnixMs: BigInt(world.nowMs + world.agent(from).skewMs),
      },
    });
  },
  wal: (world, [name = "", count = "0", missing = "0"]) =>
    setFact(world.agent(name), "etcd_files", {
      case: "etcdFiles",
      value: { groups: [{ kind: "wal", count: Number(count), missingNumber: BigInt(missing) }] },
    }),
  "status-error": (world, [name = "", ...words]) => {
    world.get(name).errors = words.length === 0 ? [] : [words.join(" ")];
  },
  quota: (world, [name = "", quota = "", size = ""]) => {
    world.agent(name).samples.set("etcd_server_quota_backend_bytes", parseBytes(quota));
    world.get(name).sizeBytes = parseBytes(size);
  },
  flags: (world, [name = "", ...pairs]) => {
    const flags = Object.fromEntries(
      pairs.map((pair) => [pair.split("=")[0], pair.split("=").slice(1).join("=")]),
    );
    setFact(world.agent(name), "flags", { case: "flags", value: { name, flags } });
  },
};

function setProcess(world: World, name: string, process: "running" | "absent" | "stopped" | "unseen"): void {
  const member = world.get(name);
  member.process = process;
  member.processSinceMs = world.nowMs;
}

/** elect m2 [by m1 m2]: those that are up, or those named, follow it in a new term. */
function elect(world: World, [leader = "", , ...by]: readonly string[]): void {
  const all = [...world.members.values()];
  const followers =
    by.length > 0 ? by.map((name) => world.get(name)) : all.filter(({ process }) => process === "running");
  const term = all.reduce((highest, member) => (member.term > highest ? member.term : highest), 0n) + 1n;
  for (const member of followers) {
    member.knows = leader;
    member.term = term;
  }
}

/** cut m3 | cut m1>m3 | cut m1,m2|m3, then the port (peer, client, both) and how it fails. */
function setBlocks(world: World, [what = "", port = "both"]: readonly string[], code: string): void {
  const ports = port === "both" ? ["peer", "client"] : [port];
  const block = (from: string, to: string): void =>
    ports.forEach((one) => world.blocked.set(`${from}>${to}/${one}`, code));
  if (what.includes(">")) {
    const [from = "", to = ""] = what.split(">");
    block(world.get(from).name, world.get(to).name);
    return;
  }
  const side = new Set((what.split("|")[0] ?? "").split(","));
  for (const one of world.members.keys()) {
    for (const other of world.members.keys()) {
      if (side.has(one) !== side.has(other)) {
        block(one, other);
      }
    }
  }
}

/** disk m3 data 10GiB/100GiB */
function setDisk(world: World, [name = "", role = "", sizes = ""]: readonly string[]): void {
  const agent = world.agent(name);
  const [avail = "", size = ""] = sizes.split("/");
  const mountPoint = role === "data" ? "/var/lib/etcd" : "/var/lib/etcd-wal";
  setFact(agent, `filesystem/${role}`, {
    case: "filesystem",
    value: { role, path: mountPoint, mountPoint, device: "sda", type: "ext4" },
  });
  agent.samples.set(seriesKey("node_filesystem_avail_bytes", { role }), parseBytes(avail));
  agent.samples.set(seriesKey("node_filesystem_size_bytes", { role }), parseBytes(size));
}

/** fsync m3 128-256ms [calls]: the bounds of the p99's bucket over each interval. */
function setLatency(
  world: World,
  metric: string,
  [name = "", bounds = "", calls = "30"]: readonly string[],
): void {
  const { samples } = world.agent(name);
  const [lower = "0", upper = "0"] = bounds.replace("ms", "").split("-");
  for (const [bound, value] of [
    ["lower", lower],
    ["upper", upper],
  ] as const) {
    const key = seriesKey(`${metric}_duration_seconds_quantile`, { quantile: "0.99", bound });
    samples.set(key, Number(value) / 1000);
  }
  samples.set(`${metric}_interval_count`, Number(calls));
}

/** writers m3 80MiB etcd=1MiB tar=70MiB | writers m3 none: bytes a second of the device, of etcd and of others. */
function setWriters(world: World, [name = "", device = "", ...pairs]: readonly string[]): void {
  const agent = world.agent(name);
  agent.extraRuns.set("disk", ok("disk", ""));
  if (device === "none") {
    agent.facts.delete("disk_writers");
    return;
  }
  const rates = pairs.map((pair) => {
    const [who = "", rate = ""] = pair.split("=");
    return { who, bytesPerSecond: BigInt(parseBytes(rate)) };
  });
  const writers = rates
    .filter(({ who }) => who !== "etcd")
    .map(({ who, bytesPerSecond }, index) => ({ pid: 900 + index, name: who, bytesPerSecond }));
  setFact(agent, "disk_writers", {
    case: "diskWriters",
    value: {
      device: "sda",
      deviceBytesPerSecond: BigInt(parseBytes(device)),
      etcdBytesPerSecond: rates.find(({ who }) => who === "etcd")?.bytesPerSecond ?? 0n,
      writers,
    },
  });
}

/** cert m3 server 20d | cert m3 server -1d | cert m3 server unreadable */
function setCertificate(world: World, [name = "", role = "", left = "", ...pairs]: readonly string[]): void {
  const more = Object.fromEntries(pairs.map((pair) => pair.split("=")));
  const agent = world.agent(name);
  const problem = left === "unreadable" ? "permission denied" : "";
  const days = problem === "" ? Number.parseFloat(left) : 0;
  setFact(agent, `certificate/${role}`, {
    case: "certificate",
    value: {
      role,
      path: `/etc/etcd/pki/${role}.crt`,
      subject: `CN=${name}`,
      notBeforeUnixMs: BigInt(world.nowMs - 86_400_000),
      notAfterUnixMs: BigInt(world.nowMs + Math.round(days * 86_400_000)),
      problem,
      serial: more["serial"] ?? "",
      fingerprintSha256: more["serial"] ?? "",
      sans: more["sans"] === undefined ? [] : more["sans"].split(","),
      keyPath: `/etc/etcd/pki/${role}.key`,
      keyMode: Number.parseInt(more["mode"] ?? "600", 8),
      keyMatch: more["key"] === "other" ? Layer.FAILED : Layer.OK,
      keyProblem: more["key"] === "unreadable" ? "permission denied" : "",
      chain: more["chain"] === "none" ? Layer.FAILED : Layer.OK,
      chainProblem: more["chain"] === "none" ? "No authority in the file is the issuer, CN=other" : "",
      modifiedAtUnixMs: BigInt(world.nowMs - 86_400_000 * Number(more["age"] ?? 200)),
    },
  });
}

/** would-start m3 user=998 empty db:damaged:/var/lib/etcd/member/snap/db held=127.0.0.1:2379,914,nginx by=/etc/systemd/system/etcd.service name=x | would-start m3 none */
function setStart(world: World, [name = "", ...words]: readonly string[]): void {
  const agent = world.agent(name);
  if (words[0] === "none") {
    agent.facts.delete("start");
    return;
  }
  const after = (key: string): string | undefined =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const paths = words.flatMap((word) => {
    const [role = "", problem = "", path] = word.split(":");
    return path === undefined || word.includes("=")
      ? []
      : [{ role, problem, path, at: path, uid: 0, gid: 0, mode: 0o700 }];
  });
  const [address = "", pid = "0", process = ""] = after("held")?.split(",") ?? [];
  setFact(agent, "start", {
    case: "start",
    value: {
      source: after("by") ?? "last process",
      name: after("name") ?? name,
      userKnown: after("user") !== undefined,
      uid: Number(after("user") ?? 0),
      paths,
      heldPorts: address === "" ? [] : [{ address, pid: Number(pid), process }],
      isEmpty: words.includes("empty"),
      initialClusterState: "new",
    },
  });
}
