/** A real journald on a node of its own, without systemd: for what a container runtime writes to the journal. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unavailable, type Unavailable } from "../availability.ts";
import { startLabProcess, type LabProcess } from "../lab-process.ts";
import { waitFor } from "../wait-for.ts";
import { STARTS_WITHIN_MS, type OwnNode } from "./own-node.ts";

const JOURNALD = "/lib/systemd/systemd-journald";
const FOLDER = "/run/systemd/journal";
/** Any will do, but journald names its folder by it. */
const MACHINE_ID = "8f7fdc2e3a4b4f7f9b1c0d2e3f405162";

export function findWhyNoJournald(): Unavailable | undefined {
  return existsSync(JOURNALD) ? undefined : unavailable(`there is no ${JOURNALD}`);
}

/** Resolves when it listens. It ends with the node at the latest. */
export async function startJournald(node: OwnNode, dir: string): Promise<LabProcess> {
  writeFileSync(node.at("/etc/machine-id"), `${MACHINE_ID}\n`);
  mkdirSync(node.at(FOLDER), { recursive: true });
  const journald = await startLabProcess({
    command: node.wrap([JOURNALD]),
    logPath: join(dir, "journald.log"),
  });
  const socket = node.at(join(FOLDER, "socket"));
  await waitFor("journald listens", () => existsSync(socket), { timeoutMs: STARTS_WITHIN_MS });
  return journald;
}
