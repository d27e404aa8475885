/** Flags and certificates. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import type { EtcdMember } from "../etcd-member.ts";
import { createEtcdPki } from "../etcd-pki.ts";
import { ageMs, othersOf, pickFollower, supervise, type Fault, type PreparedFault } from "../fault.ts";
import { startLabProcess, type LabProcess } from "../lab-process.ts";
import { waitFor } from "../wait-for.ts";

const EXPIRED = { notBefore: new Date("2025-01-01"), notAfter: new Date("2026-01-01") };
const FILES = ["server.crt", "server.key", "peer.crt", "peer.key", "ca.crt"];

/** Restarts the member with what was done to its certificates; healing brings the old files back. */
function withCertificates(
  member: EtcdMember,
  change: () => Promise<void>,
): Pick<PreparedFault, "inject" | "heal"> {
  const before = FILES.map((name) => readFileSync(join(member.certDir, name)));
  return {
    inject: async () => {
      await change();
      await member.restart();
    },
    heal: async () => {
      FILES.forEach((name, index) => writeFileSync(join(member.certDir, name), before[index] ?? ""));
      await member.restart();
    },
  };
}

const STARTED_LONG_AGO_MS = 15_000;

/** A link is told from either end. */
function linksOf(on: WatchedCluster, member: EtcdMember): readonly string[] {
  return othersOf(on, member).flatMap((other) => [
    `CERT_UNTRUSTED ${member.name}→${other}`,
    `CERT_UNTRUSTED ${other}→${member.name}`,
  ]);
}

export const CONFIGURATION_FAULTS: readonly Fault[] = [
  {
    name: "peer-certificate-expired",
    leavesTrace: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `${member.name} is restarted with a peer certificate that has expired`,
        causes: [`CERT_EXPIRED ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        ...withCertificates(
          member,
          async () => await on.etcd.pki.reissueMember(member.identity, "peer", EXPIRED),
        ),
      };
    },
  },
  {
    name: "peer-certificate-swapped",
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `an expired peer certificate is put on ${member.name}, which runs on`,
        causes: [`CERT_EXPIRED ${member.name}`],
        verdicts: ["degraded"],
        inject: async () => await on.etcd.pki.reissueMember(member.identity, "peer", EXPIRED),
        heal: async () => await on.etcd.pki.reissueMember(member.identity, "peer"),
      };
    },
  },
  {
    name: "server-certificate-expired",
    leavesTrace: true,
    isShort: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `${member.name} is restarted with a server certificate that has expired`,
        causes: [`CERT_EXPIRED ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["degraded", "at-risk"],
        ...withCertificates(
          member,
          async () => await on.etcd.pki.reissueMember(member.identity, "server", EXPIRED),
        ),
      };
    },
  },
  {
    name: "wrong-ca",
    leavesTrace: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `${member.name} is restarted with a peer certificate of another authority`,
        causes: [`CERT_UNTRUSTED ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`, ...linksOf(on, member)],
        verdicts: ["at-risk"],
        ...withCertificates(member, async () => {
          const other = await createEtcdPki(join(on.dir, "other-pki"), [member.identity]);
          for (const name of ["peer.crt", "peer.key"]) {
            writeFileSync(join(member.certDir, name), readFileSync(join(other.certDir(member.name), name)));
          }
        }),
      };
    },
  },
  {
    name: "wrong-san",
    leavesTrace: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const elsewhere = { name: member.name, ips: ["10.1.2.3"], dnsNames: ["elsewhere"] };
      return {
        story: `${member.name} is restarted with a peer certificate for another address`,
        causes: [`CERT_SAN_MISMATCH ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        ...withCertificates(member, async () => await on.etcd.pki.reissueMember(elsewhere, "peer")),
      };
    },
  },
  {
    name: "ca-not-reloaded",
    leavesTrace: true,
    causeWithinMs: 20_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const path = join(member.certDir, "ca.crt");
      const before = readFileSync(path);
      return {
        story: `another authority is added to the CA file of ${member.name}, which is not restarted`,
        causes: [`CERT_NOT_RELOADED ${member.name}`],
        // It is restarted to heal.
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["healthy", "degraded"],
        inject: async () => {
          // A file that is written while etcd starts may have been read or not: nothing is said of it then.
          await waitFor("etcd has started long ago", () => ageMs(member.pid) > STARTED_LONG_AGO_MS, {
            timeoutMs: 30_000,
          });
          const other = await createEtcdPki(join(on.dir, "next-pki"), [member.identity]);
          appendFileSync(path, readFileSync(other.caPath));
        },
        heal: async () => {
          writeFileSync(path, before);
          await member.restart();
        },
      };
    },
  },
  {
    name: "port-taken",
    causeWithinMs: 20_000,
    spoils: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      let holder: LabProcess | undefined;
      let supervisor: ReturnType<typeof supervise> | undefined;
      return {
        story: `${member.name} is restarted while another process holds its client port`,
        causes: [`START_PORT_IN_USE ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          await member.kill("SIGTERM");
          const script = `require("node:net").createServer(()=>{}).listen(2379,"127.0.0.1",()=>console.log("listening"))`;
          const logPath = join(on.dir, "holder.log");
          holder = await startLabProcess({
            command: [process.execPath, "-e", script],
            logPath,
            namespace: member.namespace,
          });
          await waitFor("the port is held", () => readFileSync(logPath, "utf8").includes("listening"), {
            timeoutMs: 20_000,
          });
          await member.start();
          supervisor = supervise(member);
        },
        heal: async () => {
          await supervisor?.stop();
          await holder?.stop("SIGKILL");
        },
      };
    },
  },
  {
    name: "bad-flag",
    causeWithinMs: 20_000,
    spoils: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      let supervisor: ReturnType<typeof supervise> | undefined;
      return {
        story: `${member.name} is restarted with a flag that etcd does not know`,
        causes: [`START_CONFIG_INVALID ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          await member.restart({ "no-such-flag": "1" });
          supervisor = supervise(member);
        },
        heal: async () => {
          await supervisor?.stop();
          await member.kill();
        },
      };
    },
  },
  {
    name: "timers-differ",
    // A rolling change of a flag has two minutes to reach all members.
    causeWithinMs: 140_000,
    spoils: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `${member.name} is restarted with ten times the heartbeat interval and election timeout`,
        causes: ["FLAG_DRIFT"],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["healthy", "degraded"],
        inject: async () =>
          await member.restart({ "heartbeat-interval": "1000", "election-timeout": "10000" }),
        heal: async () => await member.restart({ "heartbeat-interval": "", "election-timeout": "" }),
      };
    },
  },
];
