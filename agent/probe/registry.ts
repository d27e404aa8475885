/** Every probe of the agent, one line each. A new probe is one file and one line here. */
import { createBackupsProbe } from "./backups.ts";
import { createCertificateProbe } from "./certificate.ts";
import { createClockSyncProbe } from "./clock-sync.ts";
import { createDiskProbe } from "./disk.ts";
import { createEtcdFilesProbe } from "./etcd-files.ts";
import { createFilesystemProbe } from "./filesystem.ts";
import { createFilesystemRoomProbe } from "./filesystem-room.ts";
import { createFlagsProbe } from "./flags.ts";
import { createFsyncProbe } from "./fsync.ts";
import { createGrowthProbe } from "./growth.ts";
import { createHashKvProbe } from "./hash-kv.ts";
import { createHealthProbe } from "./health.ts";
import { createKernelProbe } from "./kernel.ts";
import { createListeningProbe } from "./listening.ts";
import { createFirewallProbe } from "./firewall.ts";
import { createLinkProbe } from "./link.ts";
import { createLogsProbe } from "./logs.ts";
import { createMembersProbe } from "./members.ts";
import { createMetricsProbe } from "./metrics.ts";
import { createNetworkProbe } from "./network.ts";
import { createNodeProbe } from "./node.ts";
import { createPauseProbe } from "./pause.ts";
import type { ProbeFactory } from "./probe.ts";
import { createPeerSocketsProbe } from "./peer-sockets.ts";
import { createProcessProbe } from "./process.ts";
import { createProcessEndProbe } from "./process-end.ts";
import { createReadProbe } from "./read.ts";
import { createResourcesProbe } from "./resources.ts";
import { createServedProbe } from "./served.ts";
import { createStartProbe } from "./start.ts";
import { createStatusProbe } from "./status.ts";
import { createStoragePlacesProbe } from "./storage-places.ts";

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
  createPeerSocketsProbe,
  createListeningProbe,
  createFirewallProbe,
  createReadProbe,
  createHealthProbe,
  createMetricsProbe,
  createMembersProbe,
  createHashKvProbe,
  createBackupsProbe,
  createGrowthProbe,
  createStoragePlacesProbe,
  createServedProbe,
  createEtcdFilesProbe,
  createClockSyncProbe,
  createLogsProbe,
  createStartProbe,
  createProcessEndProbe,
  createKernelProbe,
  createPauseProbe,
];
