/** What to do now, where the findings alone make it certain. Looking comes before changing. */
import { quote } from "../../collector/runbook/shell.ts";
import type { ClusterState, Finding } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";

/** More at once are read by nobody. */
const MAX_STEPS = 2;

/** By the code of root causes; `on` are their members or nodes. Nothing in here changes the cluster's data. */
const STEPS: Readonly<Record<string, (on: string) => Text>> = {
  MEMBER_DOWN: (on) => ({
    en: `on ${on}: read why etcd exited (journalctl -u etcd -n 50, or crictl logs), then start it`,
    zh: `在 ${on} 上：先查看 etcd 退出的原因（journalctl -u etcd -n 50 或 crictl logs），再启动它`,
  }),
  PROCESS_STOPPED: (on) => ({
    en: `on ${on}: find who stopped it, then let it go on: kill -CONT with the pid above`,
    zh: `在 ${on} 上：查明是谁暂停了它，再用上面的 pid 执行 kill -CONT 恢复`,
  }),
  DISK_FULL: (on) => ({
    en: `free space on ${on}, outside of etcd's member directory; start etcd if it has exited`,
    zh: `在 ${on} 上释放空间（不要动 etcd 的 member 目录）；若 etcd 已退出则启动它`,
  }),
  CERT_EXPIRED: (on) => ({
    en: `put a valid certificate on ${on} before etcd restarts there; it reads the new file by itself`,
    zh: `在 ${on} 上的 etcd 重启之前换上有效证书；etcd 会自动读取新文件`,
  }),
  NODE_UNREACHABLE: (on) => ({
    en: `find out whether ${on} is up: its console, ping from another master`,
    zh: `确认 ${on} 是否在线：查看其控制台，或从其他 master 节点 ping`,
  }),
};

export function listNextSteps(causes: readonly Finding[]): readonly Text[] {
  const codes = [...new Set(causes.map(({ code }) => code))];
  return codes
    .flatMap((code) => {
      const names = causes.filter((cause) => cause.code === code).map(({ subject }) => subject.name);
      const step = STEPS[code];
      return step === undefined ? [] : [step(names.sort().join(", "))];
    })
    .slice(0, MAX_STEPS);
}

export function sayWhereEvidenceIs({ cluster }: ClusterState, count: number): Text {
  const command = `etcdscope findings --active --cluster ${cluster}`;
  return {
    en: `${command}   (${count === 1 ? "its evidence" : `evidence of all ${count}`})`,
    zh: `${command}   （${count} 项发现的证据）`,
  };
}

/** The command that tells the steps for the first root cause; undefined: there is no runbook for it. */
export function sayWhereStepsAre(
  { cluster, members }: ClusterState,
  causes: readonly Finding[],
): Text | undefined {
  const cause = causes.find(({ runbook }) => runbook !== null);
  if (cause === undefined) {
    return undefined;
  }
  const { kind, name } = cause.subject;
  const whose = kind === "node" ? members.find(({ node }) => node === name)?.name : name;
  const isOfMember = whose !== undefined && (kind === "member" || kind === "node");
  const member = isOfMember ? ` --member ${quote(whose)}` : "";
  const command = `etcdscope runbook ${cause.code} --cluster ${quote(cluster)}${member}`;
  return { en: command, zh: command };
}
