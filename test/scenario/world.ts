/**
 * A cluster that exists only as what its agents would send: commands change it, tick() yields the frames of one moment.
 * It reproduces what real runs showed (refusals at once, silence after a cut, Status that answers without a quorum).
 */
import { create, equals } from "@bufbuild/protobuf";

import { EventSchema, FactSchema, Layer, Port, ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { ProbeRunRecord, ReceivedFrame, Sample } from "../../shared/frame.ts";
import { seriesKey } from "../../shared/series-key.ts";

import type { WorldAgent, WorldMember } from "./world-member.ts";

export const START_MS = Date.parse("2026-11-22T03:00:00.000Z");
const CLUSTER_ID = 0xc1n;

export class World {
  nowMs = START_MS;
  readonly members = new Map<string, WorldMember>();
  readonly listed = new Set<string>();
  /** "m1>m3/peer" → code. */
  readonly blocked = new Map<string, string>();
  readonly statusFails = new Map<string, string>();
  /** "m1>m3": etcd on m1 has no connection with m3, whatever the network would carry. */
  readonly unconnected = new Set<string>();
  /** Added to the list, which has no name for them, and never started. */
  readonly unstarted = new Set<string>();
  /** "m1>m3": what does not fit into one packet is lost on the way; what the kernel shows of etcd's own connections. */
  readonly largeLost = new Map<string, Layer>();
  ticks = 0;

  add(name: string, isLearner: boolean): void {
    const number = BigInt(this.members.size + 1);
    this.members.set(name, {
      name,
      id: 0xa0n + number,
      clusterId: CLUSTER_ID,
      isLearner,
      process: "running",
      processSinceMs: START_MS - 3_600_000,
      startedAtMs: START_MS - 3_600_000,
      agent: {
        isHeard: true,
        instance: 1,
        sequence: 0n,
        skewMs: 0,
        samples: new Map(),
        looksNow: false,
        growth: new Map(),
        events: [],
        facts: new Map(),
        sent: new Map(),
        extraRuns: new Map(),
        lastKnown: "",
        loss: undefined,
        waiting: 0,
      },
      knows: this.members.keys().next().value ?? name,
      term: 2n,
      errors: [],
      reads: new Map(),
      sizeBytes: 25_165_824,
      version: "3.5.30",
      since36: {},
      lag: 0,
      ownList: undefined,
      idleSince: undefined,
    });
    this.listed.add(name);
  }

  get(name: string): WorldMember {
    const member = this.members.get(name);
    if (member === undefined) {
      throw new Error(`Expected a member of the scenario, got "${name}"`);
    }
    return member;
  }

  agent(name: string): WorldAgent {
    const agent = this.get(name).agent;
    if (agent === undefined) {
      throw new Error(`Expected a member with an agent, got "${name}"`);
    }
    return agent;
  }

  /** A new agent knows nothing: no facts, and a process that is gone was never there. */
  restartAgent(name: string): void {
    const agent = this.agent(name);
    agent.instance += 1;
    agent.sequence = 0n;
    agent.facts.clear();
    agent.sent.clear();
    if (this.get(name).process === "absent") {
      this.get(name).process = "unseen";
      this.statusFails.set(`${name}>${name}`, "skipped");
      for (const other of this.members.keys()) {
        this.statusFails.set(`${other}>${name}`, "refused");
      }
    }
  }

  /** The frames of one second, in the order in which they arrive. */
  tick(): ReceivedFrame[] {
    this.ticks += 1;
    return [...this.members.values()].flatMap((member) => {
      const frame = this.frameOf(member);
      return frame === undefined ? [] : [frame];
    });
  }

  private frameOf(member: WorldMember): ReceivedFrame | undefined {
    const { agent } = member;
    if (agent === undefined) {
      return undefined;
    }
    agent.sequence += 1n;
    const samples: Sample[] = [];
    const runs: ProbeRunRecord[] = [];
    this.probeProcess(member, agent, runs);
    for (const target of this.members.values()) {
      if (target === member || (this.listed.has(target.name) && !this.unstarted.has(target.name))) {
        this.probeStatus(member, target, { agent, runs, samples });
        if (target !== member) {
          this.probeLink(member, target, { agent, samples });
        }
      }
    }
    this.probeRarely(member, agent, { runs, samples });
    const keyframe = agent.sequence === 1n || this.ticks % 60 === 0;
    if (keyframe && this.ticks % 10 !== 1) {
      const ageMs = ((this.ticks - 1) % 10) * 1000;
      runs.push(...[...agent.extraRuns.values()].map((run) => ({ ...run, ageMs })));
    }
    const facts = [...agent.facts].flatMap(([key, fact]) => {
      const sent = agent.sent.get(key);
      return keyframe || sent === undefined || !equals(FactSchema, sent, fact) ? [fact] : [];
    });
    const gone = [...agent.sent.keys()].filter((key) => !agent.facts.has(key));
    agent.sent = new Map(agent.facts);
    if (!agent.isHeard) {
      return undefined;
    }
    const events = agent.events
      .splice(0)
      .map(({ kind, attributes, atMs = this.nowMs }) =>
        create(EventSchema, { kind, attributes, subject: "etcd", atUnixMs: BigInt(atMs + agent.skewMs) }),
      );
    return {
      agent: { cluster: "prod-a", node: member.name },
      instanceId: `${member.name}-${agent.instance}`,
      agentVersion: "0.1.0",
      receivedAtMs: this.nowMs,
      frame: {
        sequence: agent.sequence,
        capturedAtMs: this.nowMs + agent.skewMs,
        monotonicUs: this.nowMs * 1000,
        keyframe,
        samples,
        facts: [...facts, ...gone.map((key) => create(FactSchema, { key, removed: true }))],
        events,
        probeRuns: runs,
        droppedTotal: 0n,
        clockOffset: { offsetUs: agent.skewMs * 1000, roundTripUs: 400 },
        loss: agent.loss,
        ...(agent.waiting === 0 ? {} : { waiting: agent.waiting }),
      },
    };
  }

  private probeProcess(member: WorldMember, agent: WorldAgent, runs: ProbeRunRecord[]): void {
    runs.push(ok("process", ""));
    const state = {
      running: ProcessState.RUNNING,
      absent: ProcessState.ABSENT,
      stopped: ProcessState.STOPPED,
      unseen: ProcessState.ABSENT,
    }[member.process];
    const isThere = member.process === "running" || member.process === "stopped";
    setFact(agent, "process", {
      case: "process",
      value: {
        state,
        pid: isThere ? 800 : 0,
        startedAtUnixMs: member.process === "unseen" ? 0n : BigInt(member.startedAtMs + agent.skewMs),
        sinceUnixMs: BigInt(member.processSinceMs + agent.skewMs),
      },
    });
  }

  private probeStatus(
    from: WorldMember,
    to: WorldMember,
    into: { readonly agent: WorldAgent; readonly runs: ProbeRunRecord[]; readonly samples: Sample[] },
  ): void {
    const code = this.statusFails.get(`${from.name}>${to.name}`) ?? this.reach(from, to, "client");
    if (code !== "") {
      into.runs.push(failed("status", to.name, code));
      return;
    }
    into.runs.push(ok("status", to.name));
    const leader = this.members.get(to.knows);
    const errors = leader === undefined ? ["etcdserver: no leader", ...to.errors] : to.errors;
    setFact(into.agent, `status/${to.name}`, {
      case: "status",
      value: {
        memberId: to.id,
        clusterId: to.clusterId,
        leaderId: leader?.id ?? 0n,
        raftTerm: to.term,
        version: to.version,
        ...to.since36,
        isLearner: to.isLearner,
        errors,
        own: from === to,
      },
    });
    const labels = { member: to.name };
    const index = 100_000 + (to.idleSince ?? this.ticks);
    into.samples.push(
      { key: seriesKey("etcd_status_raft_index", labels), value: index },
      { key: seriesKey("etcd_status_raft_applied_index", labels), value: index - to.lag },
      { key: seriesKey("etcd_status_db_size_bytes", labels), value: to.sizeBytes },
    );
  }

  private probeLink(
    from: WorldMember,
    to: WorldMember,
    { agent, samples }: { readonly agent: WorldAgent; readonly samples: Sample[] },
  ): void {
    const isUnconnected = this.unconnected.has(`${from.name}>${to.name}`);
    if (isUnconnected) {
      samples.push({ key: seriesKey("etcdscope_peer_connections", { to: to.name }), value: 0 });
    }
    for (const port of ["peer", "client"] as const) {
      const code = this.reach(from, to, port);
      const tls = code.startsWith("tls");
      const key = `link/${to.name}/${port}`;
      const before = agent.facts.get(key)?.body;
      const large = port === "peer" ? this.largeLost.get(`${from.name}>${to.name}`) : undefined;
      const isLarge = large !== undefined;
      const kernel = large ?? (isUnconnected && port === "peer" ? Layer.FAILED : Layer.UNKNOWN);
      const isSame =
        before?.case === "link" && before.value.errorCode === code && before.value.kernel === kernel;
      setFact(agent, key, {
        case: "link",
        value: {
          toMemberId: to.id,
          toName: to.name,
          port: port === "peer" ? Port.PEER : Port.CLIENT,
          address: `${to.name}:${port === "peer" ? 2380 : 2379}`,
          tcp: code === "" || tls ? Layer.OK : Layer.FAILED,
          tls: code === "" ? Layer.OK : tls ? Layer.FAILED : Layer.UNKNOWN,
          http: code === "" ? Layer.OK : Layer.UNKNOWN,
          errorCode: code,
          errorText: code,
          kernel,
          kernelText: isLarge
            ? "Stuck: 4 retransmissions, 5792 bytes unacknowledged for at least 1.4 s"
            : kernel === Layer.FAILED
              ? "etcd has no established connection with this peer"
              : "",
          large: isLarge ? Layer.FAILED : Layer.UNSPECIFIED,
          largeText: isLarge ? `${to.name}:2380 did not answer the TLS handshake in 1500 ms` : "",
          sinceUnixMs: isSame ? before.value.sinceUnixMs : BigInt(this.nowMs + agent.skewMs),
        },
      });
    }
  }

  /** "" when it answers. TCP needs both ways, so a block of either direction of a port that drops ends in silence. */
  private reach(from: WorldMember, to: WorldMember, port: "peer" | "client"): string {
    if (from !== to) {
      const code = this.blocked.get(`${from.name}>${to.name}/${port}`);
      if (code !== undefined) {
        return code;
      }
    }
    if (to.process === "stopped") {
      return "timeout";
    }
    return to.process === "absent" ? "refused" : "";
  }

  private probeRarely(
    member: WorldMember,
    agent: WorldAgent,
    into: { readonly runs: ProbeRunRecord[]; readonly samples: Sample[] },
  ): void {
    const isDue = this.ticks % 10 === 1 || agent.looksNow;
    agent.looksNow = false;
    const known = `${member.knows}/${member.term}/${member.process}`;
    if (isDue || known !== agent.lastKnown) {
      agent.lastKnown = known;
      const down = member.process === "running" ? "" : member.process === "stopped" ? "timeout" : "refused";
      for (const target of ["serializable", "linearizable"]) {
        const leaderless = target === "linearizable" && member.knows === "" ? "no_leader" : "";
        const code = down || leaderless || (member.reads.get(target) ?? "");
        into.runs.push(code === "" ? ok("read", target) : failed("read", target, code));
      }
    }
    if (isDue) {
      into.samples.push(...[...agent.samples].map(([key, value]) => ({ key, value })));
      agent.growth.forEach((step, key) => agent.samples.set(key, (agent.samples.get(key) ?? 0) + step));
      into.runs.push(...agent.extraRuns.values());
    }
    if (member.process === "running" && (agent.sequence === 1n || this.ticks % 5 === 0)) {
      into.runs.push(ok("members", ""));
      setFact(agent, "member_list", {
        case: "memberList",
        value: {
          clusterId: member.clusterId,
          members: [...(member.ownList ?? this.listed)].map((name) => {
            const { id, isLearner } = this.get(name);
            return { id, name: this.unstarted.has(name) ? "" : name, isLearner };
          }),
        },
      });
    }
  }
}

type FactInit = Parameters<typeof create<typeof FactSchema>>[1];
type FactBodyInit = NonNullable<NonNullable<FactInit>["body"]>;

export function setFact(agent: WorldAgent, key: string, body: FactBodyInit): void {
  agent.facts.set(key, create(FactSchema, { key, body }));
}

export function ok(probe: string, target: string): ProbeRunRecord {
  return { probe, target, outcome: Outcome.OK, durationUs: 500, errorCode: "", errorText: "", ageMs: 0 };
}

export function failed(probe: string, target: string, code: string): ProbeRunRecord {
  const isTimeout = code === "timeout";
  return {
    probe,
    target,
    outcome: isTimeout ? Outcome.TIMED_OUT : code === "skipped" ? Outcome.SKIPPED : Outcome.FAILED,
    durationUs: isTimeout ? 1_500_000 : 400,
    errorCode: code,
    errorText: code,
    ageMs: 0,
  };
}
