/** TIMEOUTS_UNSUITABLE: the election timeout is too short for the heartbeat or for the round trip to the other members. */
import { findFact } from "../../view/node-reading.ts";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import { readLeastRoundTrip } from "../link-round-trip.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

/** etcd's tuning guide: at least 5 heartbeats, and at least 10 round trips. */
const HEARTBEATS = 5;
const ROUND_TRIPS = 10;

export const timeoutsUnsuitable: Rule = {
  code: "TIMEOUTS_UNSUITABLE",
  layer: "config",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "timeouts-unsuitable",
  holdMs: 0,
  // As long as of a high latency, which explains it: neither is told without the other.
  quietMs: 30_000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember(look: MemberLook): RuleOutcome {
  const { member, node, cluster } = look;
  const subject = memberSubject(member.name);
  const held = findFact(node.state, "flags", "flags");
  if (held === undefined) {
    const reason = { en: `the flags of ${member.name} are not known`, zh: `不知道 ${member.name} 的参数` };
    return { kind: "unknown", subject, reason };
  }
  const electionMs = Number(held.body.flags["election-timeout"] || 1000);
  const heartbeatMs = Number(held.body.flags["heartbeat-interval"] || 100);
  const trips = cluster.view.links
    .filter(({ from, port }) => from === member.name && port === "peer")
    .flatMap(({ to }) => {
      const ms = readLeastRoundTrip(node.state, to, cluster.nowMs);
      return ms === undefined ? [] : [{ to, ms }];
    });
  const farthest = trips.toSorted((one, other) => other.ms - one.ms)[0];
  const isShortOfHeartbeats = electionMs < HEARTBEATS * heartbeatMs;
  const isShortOfTrips = farthest !== undefined && electionMs < ROUND_TRIPS * farthest.ms;
  const set = `election-timeout=${electionMs} heartbeat-interval=${heartbeatMs}`;
  const trip = farthest === undefined ? undefined : formatDuration(farthest.ms);
  if (!isShortOfHeartbeats && !isShortOfTrips) {
    if (farthest === undefined && cluster.members.length > 1) {
      const reason = {
        en: `the round trip from ${member.name} to the others is not known yet`,
        zh: `尚不知道 ${member.name} 到其他成员的往返时间`,
      };
      return { kind: "unknown", subject, reason, isBeyondOneLook: true };
    }
    const because = {
      en: `${set}${trip === undefined ? "" : `, round trip ${trip.en}`}`,
      zh: `${set}${trip === undefined ? "" : `，往返 ${trip.zh}`}`,
    };
    return { kind: "ok", subject, because };
  }
  const needed = Math.max(HEARTBEATS * heartbeatMs, Math.ceil(ROUND_TRIPS * (farthest?.ms ?? 0)));
  const why =
    isShortOfTrips && trip !== undefined
      ? {
          en: `the round trip to ${farthest?.to ?? ""} takes ${trip.en}: it should be at least ${ROUND_TRIPS} of those`,
          zh: `到 ${farthest?.to ?? ""} 的往返时间为 ${trip.zh}：至少应为其 ${ROUND_TRIPS} 倍`,
        }
      : {
          en: `it should be at least ${HEARTBEATS} heartbeats of ${heartbeatMs} ms`,
          zh: `至少应为心跳间隔 ${heartbeatMs} ms 的 ${HEARTBEATS} 倍`,
        };
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `The election timeout of ${member.name}, ${electionMs} ms, is too short`,
      zh: `${member.name} 的选举超时 ${electionMs} ms 过短`,
    },
    detail: {
      en: `${why.en}. Short pauses then cost the leader. Set the same --election-timeout (${needed} or more) on all members`,
      zh: `${why.zh}。否则短暂停顿就会丢失 leader。请在所有成员上设置相同的 --election-timeout（不小于 ${needed}）`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "flags", atMs: held.sinceMs },
        { en: set, zh: set },
        {
          value: electionMs,
          threshold: needed,
          unit: "ms",
        },
      ),
    ],
  };
}
