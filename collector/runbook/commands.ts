/** The commands that many steps share, with this cluster's endpoints, certificates and way of starting etcd. */
import { findFact } from "../view/node-reading.ts";
import { REDACTED_VALUE } from "./redacted.ts";
import type { Blank, Shell, Word } from "./shell.ts";
import { blank, lines, NEXT_LINE, NOTHING, sh } from "./shell.ts";
import type { Site, SiteMember, TlsWords } from "./site.ts";
import { say } from "./step.ts";
import { snapshotTool } from "./version.ts";

/** etcdctl against one member, with the certificates of the member's own node. */
export function etcdctl(member: SiteMember, rest: Shell): Shell {
  const tls = member.tls === undefined ? NOTHING : sh`${NEXT_LINE}${tlsOptions(member.tls)}`;
  return sh`etcdctl --endpoints=${member.clientUrl}${tls}${NEXT_LINE}${rest}`;
}

function tlsOptions({ ca, cert, key }: TlsWords): Shell {
  return sh`--cacert=${ca} --cert=${cert}${NEXT_LINE}--key=${key}`;
}

export function curlMetrics(member: SiteMember, pattern: Word): Shell {
  const tls =
    member.tls === undefined
      ? NOTHING
      : sh`--cacert ${member.tls.ca} --cert ${member.tls.cert}${NEXT_LINE}--key ${member.tls.key} `;
  return sh`curl -sS ${tls}${member.clientUrl}/metrics | grep -E ${pattern}`;
}

/** Reads or restores snapshots: the tool that this version has for it. */
export function snapshotCommand(site: Site, member: SiteMember): Word {
  return snapshotTool(member.version ?? site.version);
}

/** A folder for copies, which only the operator can choose: another disk than etcd's. */
export const BACKUP_DIR: Blank = blank(
  "BACKUP_DIR",
  say("a folder with room for copies, on another disk than etcd's", "存放备份的目录，不在 etcd 所在的磁盘上"),
);

/** Of an etcd that does not run, where its agent reads its log; else where whoever started it has it. */
export function logCommand({ supervisor, view }: SiteMember, count: number): Shell | undefined {
  const source =
    view === undefined ? "" : (findFact(view.state, "last_words", "lastWords")?.body.source ?? "");
  const [, kind, place = ""] = /^(file|journal) ([^\0\n]+)$/.exec(source) ?? [];
  if (kind === "file" && place.startsWith("/")) {
    return sh`tail -n ${count} ${place}`;
  }
  if (kind === "journal" && /^[\w@.:][\w@.:\\-]*$/.test(place)) {
    return journalCommand(place, count);
  }
  switch (supervisor.kind) {
    case "systemd":
      return journalCommand(supervisor.unit, count);
    case "static-pod":
      return sh`crictl logs --tail ${count} "$(crictl ps -aq --name '^etcd$' | head -n 1)"`;
    case "engine":
      return sh`${supervisor.engine} logs --tail ${count} ${supervisor.container}`;
    case "process":
    case "unknown":
      return undefined;
  }
}

function journalCommand(unit: string, count: number): Shell {
  return sh`journalctl --no-pager -n ${count} -u ${unit}`;
}

export function stopCommand({ supervisor }: SiteMember): Shell | undefined {
  switch (supervisor.kind) {
    case "systemd":
      return sh`systemctl stop ${supervisor.unit}`;
    case "static-pod":
      return sh`mv ${supervisor.manifest} /etc/kubernetes/etcd.yaml.stopped`;
    case "engine":
      return sh`${supervisor.engine} stop ${supervisor.container}`;
    case "process":
    case "unknown":
      return undefined;
  }
}

export function startCommand(member: SiteMember): Shell | undefined {
  const { supervisor } = member;
  switch (supervisor.kind) {
    case "systemd":
      return sh`systemctl start ${supervisor.unit}`;
    case "static-pod":
      // The kubelet starts what is in the manifest's place by itself.
      return sh`test -e ${supervisor.manifest} || mv /etc/kubernetes/etcd.yaml.stopped ${supervisor.manifest}`;
    case "engine":
      return sh`${supervisor.engine} start ${supervisor.container}`;
    case "process":
      return commandLine(member, supervisor.executable);
    case "unknown":
      return undefined;
  }
}

export function restartCommand(member: SiteMember): Shell | undefined {
  const { supervisor } = member;
  if (supervisor.kind === "systemd") {
    return sh`systemctl restart ${supervisor.unit}`;
  }
  if (supervisor.kind === "engine") {
    return sh`${supervisor.engine} restart ${supervisor.container}`;
  }
  const stop = stopCommand(member);
  return stop === undefined
    ? undefined
    : lines(stop, sh`while crictl ps -q --name '^etcd$' | grep -q .; do sleep 1; done`, startCommand(member));
}

/** Where its flags are written. */
export function configCommand({ supervisor }: SiteMember): Shell | undefined {
  switch (supervisor.kind) {
    case "systemd":
      return sh`systemctl cat ${supervisor.unit}`;
    case "static-pod":
      return sh`cat ${supervisor.manifest}`;
    case "engine":
      return sh`${supervisor.engine} inspect ${supervisor.container}`;
    case "process":
    case "unknown":
      return undefined;
  }
}

/** The command line as it was last seen, one flag a line; secrets are blanks, since they never left the node. */
function commandLine({ flags }: SiteMember, executable: string): Shell {
  const given = flags?.given ?? [];
  const options = given.map((name) => {
    const value = flags?.flags[name] ?? "";
    const word = value.includes(REDACTED_VALUE) ? secretBlank(name) : value;
    return sh`${NEXT_LINE}--${name}=${word}`;
  });
  return options.reduce((line, option) => sh`${line}${option}`, sh`${executable}`);
}

function secretBlank(name: string): Blank {
  return blank("SECRET", say(`the value of --${name}`, `--${name} 的值`));
}
