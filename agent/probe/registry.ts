/** Every probe of the agent, one line each. A new probe is one file and one line here. */
import { createCertificateProbe } from "./certificate.ts";
import { createDiskProbe } from "./disk.ts";
import { createFilesystemProbe } from "./filesystem.ts";
import { createFilesystemRoomProbe } from "./filesystem-room.ts";
import { createFlagsProbe } from "./flags.ts";
import { createFsyncProbe } from "./fsync.ts";
import { createLinkProbe } from "./link.ts";
import { createLogsProbe } from "./logs.ts";
import { createMembersProbe } from "./members.ts";
import { createMetricsProbe } from "./metrics.ts";
import { createNetworkProbe } from "./network.ts";
import { createNodeProbe } from "./node.ts";
import type { ProbeFactory } from "./probe.ts";
import { createProcessProbe } from "./process.ts";
import { createReadProbe } from "./read.ts";
import { createResourcesProbe } from "./resources.ts";
import { createStatusProbe } from "./status.ts";

export const PROBE_FACTORIES: readonly ProbeFactory[] = [
  createProcessProbe,
  createResourcesProbe,
  createNodeProbe,
  createFlagsProbe,
  createFilesystemProbe,
  createFilesystemRoomProbe,
  createDiskProbe,
  createFsyncProbe,
  createCertificateProbe,
  createStatusProbe,
  createLinkProbe,
  createNetworkProbe,
  createReadProbe,
  createMetricsProbe,
  createMembersProbe,
  createLogsProbe,
];
