/** How evidence is written down, and the pieces of it that several rules share. */
import type { Evidence } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { MemberView, NodeView } from "../view/cluster-view.ts";
import { plainError } from "../view/plain-error.ts";
import { formatTime } from "./format.ts";
import type { JudgedMember } from "./judged-cluster.ts";
import type { UnknownOutcome } from "./rule.ts";
import { nodeSubject } from "./rule.ts";

export interface Origin {
  readonly node: string;
  /** What was read, as an operator would name it: "statfs", "/proc", "Status", … */
  readonly source: string;
  readonly atMs: number;
}

export interface Measure {
  readonly value: number;
  readonly threshold?: number;
  readonly unit: string;
}

export function createEvidence(origin: Origin, text: Text, measure?: Measure): Evidence {
  return { node: origin.node, source: origin.source, at: formatTime(origin.atMs), text, ...measure };
}

/** What each viewpoint that did not get an answer of this member saw. */
export function listRefusals(member: MemberView): readonly Evidence[] {
  return member.viewpoints.flatMap(({ node, answer, run }) => {
    if (run === undefined || (answer !== "refused" && answer !== "silent" && answer !== "foreign")) {
      return [];
    }
    const reason = plainError(run.errorText, run.errorCode);
    const text: Text =
      answer === "refused"
        ? {
            en: `${node} is refused by ${member.name}'s client port: ${reason}`,
            zh: `${node} 被 ${member.name} 的客户端端口拒绝：${reason}`,
          }
        : answer === "silent"
          ? {
              en: `${node} gets no answer of ${member.name}: ${reason}`,
              zh: `${node} 得不到 ${member.name} 的应答：${reason}`,
            }
          : {
              en: `${node} is answered by another member at ${member.name}'s address`,
              zh: `${node} 在 ${member.name} 的地址得到另一成员的应答`,
            };
    return [createEvidence({ node, source: "Status", atMs: run.endedAtMs }, text)];
  });
}

/** What each voter says of the leader. */
export function listStatements(members: readonly JudgedMember[]): readonly Evidence[] {
  return members.flatMap(({ view }) => {
    const said = view.statement;
    if (said === undefined) {
      return [];
    }
    const named = members.find((other) => other.view.id === said.leaderId && said.leaderId !== 0n)?.name;
    const text: Text =
      said.leaderId === 0n
        ? {
            en: `${view.name} knows no leader (term ${said.term})`,
            zh: `${view.name} 不知道 leader（任期 ${said.term}）`,
          }
        : {
            en: `${view.name} names ${named ?? said.leaderId.toString(16)} in term ${said.term}`,
            zh: `${view.name} 认为 leader 是 ${named ?? said.leaderId.toString(16)}（任期 ${said.term}）`,
          };
    return [createEvidence({ node: said.from, source: "Status", atMs: said.atMs }, text)];
  });
}

/** For a rule about a node whose agent does not speak of now; undefined when it does. */
export function findSilence(node: NodeView): UnknownOutcome | undefined {
  return node.agent.isCurrent
    ? undefined
    : {
        kind: "unknown",
        subject: nodeSubject(node.name),
        reason: {
          en: `the agent on ${node.name} is not heard`,
          zh: `收不到 ${node.name} 上代理的消息`,
        },
      };
}
