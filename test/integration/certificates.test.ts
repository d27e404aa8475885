/**
 * Real certificates that end: soon, swapped in under a running etcd, and met by its next start. What is found, that
 * nothing else is called the cause, and that a new certificate ends it. A cluster of each version side by side.
 */
import { describe, expect } from "vitest";
import type { EtcdVersion } from "../lab/etcd-binaries.ts";
import { findActive, listRootCauses } from "../lab/stack.ts";
import { followersOf, seen, stateOf, story, watch, watchCauses } from "./story.ts";

const DAY_MS = 86_400_000;
/** One certificate file a second is looked at, and a member has six of them. */
const FILES_READ_WITHIN_MS = 10_000;
/** A member that does not join is called hung once it should long have opened its port. */
const SETTLED_WITHIN_MS = 20_000;
const EXPIRED = { notBefore: new Date("2025-01-01"), notAfter: new Date("2026-01-01") };
const VERSIONS: readonly EtcdVersion[] = ["3.4", "3.5"];

describe.concurrent("test/integration/certificates", () => {
  for (const version of VERSIONS) {
    describe(`on etcd ${version}`, () => {
      const watched = watch({ version });

      story("tells a certificate that ends soon, and no fault", watched, async (on) => {
        const [member] = await followersOf(on);
        const causes = watchCauses(on);
        const soon = { notAfter: new Date(Date.now() + 5 * DAY_MS) };
        await on.etcd.pki.reissueMember(member.identity, "server", soon);
        const { state } = await on.stack.waitFor(
          "CERT_EXPIRING is found",
          (now) => findActive(now, "CERT_EXPIRING", member.name) !== undefined,
          { timeoutMs: FILES_READ_WITHIN_MS },
        );
        expect(state.verdict).toBe("healthy");
        expect(findActive(state, "CERT_EXPIRING")?.severity).toBe("critical");
        expect(listRootCauses(state)).toEqual([`CERT_EXPIRING ${member.name}`]);
        await on.etcd.pki.reissueMember(member.identity, "server");
        await on.waitQuiet();
        expect(await causes.stop()).toEqual([`CERT_EXPIRING ${member.name}`]);
      });

      story(
        "tells an expired peer certificate before and after it keeps its member out",
        watched,
        async (on) => {
          const [member] = await followersOf(on);
          const causes = watchCauses(on);
          await on.etcd.pki.reissueMember(member.identity, "peer", EXPIRED);
          const { state: swapped } = await on.stack.waitFor(
            "CERT_EXPIRED is found",
            (now) => findActive(now, "CERT_EXPIRED", member.name) !== undefined,
            { timeoutMs: FILES_READ_WITHIN_MS },
          );
          expect(swapped.verdict).toBe("degraded");
          expect(stateOf(swapped, member.name)).toBe("serving");
          expect(listRootCauses(swapped)).toEqual([`CERT_EXPIRED ${member.name}`]);

          await member.restart();
          const out = await seen(on, "the member is missed", (now) => now.verdict === "at-risk");
          expect(listRootCauses(out)).toEqual([`CERT_EXPIRED ${member.name}`]);
          const { state: settled } = await on.stack.waitFor(
            "the member is called hung",
            (now) => stateOf(now, member.name) === "hung",
            { timeoutMs: SETTLED_WITHIN_MS },
          );
          expect(settled.quorum).toMatchObject({ serving: 2, tolerance: 0 });
          expect(listRootCauses(settled)).toEqual([`CERT_EXPIRED ${member.name}`]);
          expect(findActive(settled, "PEER_LINK_DOWN", member.name)?.rootCause).toBe(false);

          await on.etcd.pki.reissueMember(member.identity, "peer");
          await on.waitQuiet();
          expect(await causes.stop()).toEqual([`CERT_EXPIRED ${member.name}`]);
        },
      );

      story("tells an expired server certificate, whose member's raft is well", watched, async (on) => {
        const [member] = await followersOf(on);
        const causes = watchCauses(on);
        await on.etcd.pki.reissueMember(member.identity, "server", EXPIRED);
        const { state: swapped } = await on.stack.waitFor(
          "CERT_EXPIRED is found",
          (now) => findActive(now, "CERT_EXPIRED", member.name) !== undefined,
          { timeoutMs: FILES_READ_WITHIN_MS },
        );
        expect(stateOf(swapped, member.name)).toBe("serving");
        await member.restart();
        const { state } = await on.stack.waitFor(
          "CERT_EXPIRED is found and nobody can ask the member",
          (now) =>
            findActive(now, "CERT_EXPIRED", member.name) !== undefined &&
            stateOf(now, member.name) === "unknown",
          { timeoutMs: FILES_READ_WITHIN_MS },
        );
        expect(listRootCauses(state)).toEqual([`CERT_EXPIRED ${member.name}`]);
        await on.etcd.pki.reissueMember(member.identity, "server");
        await on.waitQuiet();
        expect(await causes.stop()).toEqual([`CERT_EXPIRED ${member.name}`]);
      });
    });
  }
});
